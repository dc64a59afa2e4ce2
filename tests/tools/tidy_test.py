# SPDX-License-Identifier: MIT
"""tidy.py remembers clean results for exactly as long as nothing that went into them changed."""
import contextlib
import io
import json
import os
import shutil
import sys
import unittest

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tools/check"))
import tidy  # noqa: E402

# Notes which sources it was asked about; one with "bad" in it has a finding in its header, and two
# with "name" in them do not go together.
CLANG_TIDY = """#!/bin/sh
case $1 in --version) echo 16; exit 0;; esac
for file; do :; done
echo "$(sed -n 's/^int \\(.\\).*/\\1/p' "$file" | paste -sd '+')" >>"$CALLS"
echo "12 warnings generated."
if [ "$(grep -c name "$file")" -gt 1 ]; then echo "$file:1:1: error: redefinition [clang-diagnostic-error]"; exit 1; fi
if grep -q bad "$file"; then echo "$ROOT/nebula/base/h.hpp:1:2: error: oh no [x]"; echo "  explained"; exit 1; fi
"""
TOGETHER = ["a+b"]
APART = ["a", "a+b", "b"]
NINJA = """#!/bin/sh
for name in a b; do
    echo "$name.o: #deps 2, deps mtime 1 (VALID)"
    echo "    ../nebula/base/$name.cpp"
    echo "    ../nebula/base/h.hpp"
    echo
done
"""


class Tidy(ScratchTree):
    def setUp(self):
        super().setUp()
        self.write({
            ".clang-tidy": "Checks: all\n",
            "nebula/base/a.cpp": "int a;\n",
            "nebula/base/b.cpp": "int b;\n",
            "nebula/base/h.hpp": "int h;\n",
            "stubs/clang-tidy-16": CLANG_TIDY,
            "stubs/ninja": NINJA,
            "calls": "",
        })
        for stub in (self.root / "stubs").iterdir():
            stub.chmod(0o755)
        # Two targets compile a.cpp, and a test is compiled too.
        self.commands([("nebula/base/a.cpp", "unbuilt/a.o"), ("nebula/base/a.cpp", "a.o"),
                       ("nebula/base/b.cpp", "b.o"), ("tests/base/t.cpp", "t.o")])
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.update(PATH=f"{self.root}/stubs:/usr/bin:/bin", CALLS=f"{self.root}/calls", ROOT=str(self.root),
                          NEBULA_CACHE=f"{self.root}/cache")

    def commands(self, pairs, flags=""):
        self.write({"build/compile_commands.json": json.dumps([
            {"directory": f"{self.root}/build", "file": f"{self.root}/{file}",
             "command": f"clang++ {flags} -o {output} -c {self.root}/{file}"} for file, output in pairs])})

    def run_tidy(self):
        """What was checked, what was printed, and the status."""
        self.write({"calls": ""})
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            status = tidy.main([str(self.root), f"{self.root}/build"])
        return sorted((self.root / "calls").read_text().split()), printed.getvalue(), status

    def test_each_source_is_checked_once_and_then_known(self):
        self.assertEqual((TOGETHER, 0), self.run_tidy()[::2])
        self.assertEqual(([], 0), self.run_tidy()[::2])

    def test_another_clone_knows_it_too(self):
        self.assertEqual((TOGETHER, 0), self.run_tidy()[::2])
        other = self.root / "other"
        for part in ("nebula", "build"):
            shutil.copytree(self.root / part, other / part)
        shutil.copy(self.root / ".clang-tidy", other)
        commands = other / "build/compile_commands.json"
        commands.write_text(commands.read_text().replace(str(self.root), str(other)))
        self.root = other
        self.write({"calls": ""})
        os.environ["CALLS"] = f"{other}/calls"
        self.assertEqual(([], 0), self.run_tidy()[::2])
        self.write({"nebula/base/b.cpp": "int b; // changed\n"})
        self.assertEqual((["b"], 0), self.run_tidy()[::2])

    def test_without_a_cache_the_build_remembers(self):
        os.environ["NEBULA_CACHE"] = "/dev/null/cache"
        self.assertEqual((TOGETHER, 0), self.run_tidy()[::2])
        self.assertEqual(([], 0), self.run_tidy()[::2])

    def test_sources_that_do_not_go_together_are_checked_one_by_one(self):
        self.write({"nebula/base/a.cpp": "int a; // name\n", "nebula/base/b.cpp": "int b; // name\n"})
        self.assertEqual((APART, 0), self.run_tidy()[::2])
        self.assertEqual(([], 0), self.run_tidy()[::2])

    def test_a_unity_source_stands_for_the_sources_that_it_includes(self):
        self.write({"build/unity_0_cxx.cxx": "".join(f'#include "{self.root}/nebula/base/{name}.cpp"\n' for name in "ab")})
        self.commands([("build/unity_0_cxx.cxx", "a.o")])
        self.assertEqual((TOGETHER, 0), self.run_tidy()[::2])
        self.assertEqual(([], 0), self.run_tidy()[::2])
        self.write({"nebula/base/b.cpp": "int b; // changed\n"})
        self.assertEqual((["b"], 0), self.run_tidy()[::2])

    def test_only_sources_with_one_set_of_flags_go_together(self):
        self.commands([("nebula/base/a.cpp", "a.o")], flags="-DA")
        commands = json.loads((self.root / "build/compile_commands.json").read_text())
        self.commands([("nebula/base/b.cpp", "b.o")])
        commands += json.loads((self.root / "build/compile_commands.json").read_text())
        self.write({"build/compile_commands.json": json.dumps(commands)})
        self.assertEqual((["a", "b"], 0), self.run_tidy()[::2])

    def test_the_command_of_the_built_target_is_taken(self):
        self.run_tidy()
        chosen = json.loads((self.root / "build/tidy/compile_commands.json").read_text())
        self.assertEqual(["a.o", "b.o"], sorted(command["output"] for command in chosen))

    def test_a_changed_source_is_checked_again_alone(self):
        self.run_tidy()
        self.write({"nebula/base/b.cpp": "int b = 1;\n"})
        self.assertEqual(["b"], self.run_tidy()[0])

    def test_batches_have_a_size(self):
        self.write({"nebula/base/a.cpp": "int a;\n" + "/" * tidy.BATCH_BYTES})
        self.assertEqual((["a", "b"], 0), self.run_tidy()[::2])

    def test_a_changed_header_setting_or_flag_checks_all_again(self):
        self.run_tidy()
        self.write({"nebula/base/h.hpp": "int hh;\n"})
        self.assertEqual(TOGETHER, self.run_tidy()[0])
        self.write({".clang-tidy": "Checks: most\n"})
        self.assertEqual(TOGETHER, self.run_tidy()[0])
        self.commands([("nebula/base/a.cpp", "a.o"), ("nebula/base/b.cpp", "b.o")], flags="-DX")
        self.assertEqual(TOGETHER, self.run_tidy()[0])

    def test_a_finding_is_printed_once_and_never_forgotten(self):
        self.write({"nebula/base/a.cpp": "int a; // bad\n", "nebula/base/b.cpp": "int b; // bad\n"})
        for _ in range(2):
            checked, printed, status = self.run_tidy()
            self.assertEqual((APART, 1), (checked, status))
            self.assertEqual(1, printed.count("nebula/base/h.hpp:1:2: error: oh no [x]\n  explained\n"))
            self.assertNotIn("warnings generated", printed)


if __name__ == "__main__":
    unittest.main()

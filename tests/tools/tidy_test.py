# SPDX-License-Identifier: MIT
"""tidy.py remembers clean results for exactly as long as nothing that went into them changed."""
import contextlib
import io
import json
import os
import sys
import unittest

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tools/check"))
import tidy  # noqa: E402

# Notes which source it was asked about; a source with "bad" in it has a finding in its header.
CLANG_TIDY = """#!/bin/sh
case $1 in --version) echo 16; exit 0;; esac
for file; do :; done
basename "$file" >>"$CALLS"
echo "12 warnings generated."
if grep -q bad "$file"; then echo "$ROOT/nebula/base/h.hpp:1:2: error: oh no [x]"; echo "  explained"; exit 1; fi
"""
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
        os.environ.update(PATH=f"{self.root}/stubs:/usr/bin:/bin", CALLS=f"{self.root}/calls", ROOT=str(self.root))

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
        self.assertEqual((["a.cpp", "b.cpp"], 0), self.run_tidy()[::2])
        self.assertEqual(([], 0), self.run_tidy()[::2])

    def test_the_command_of_the_built_target_is_taken(self):
        self.run_tidy()
        chosen = json.loads((self.root / "build/tidy/compile_commands.json").read_text())
        self.assertEqual(["a.o", "b.o"], sorted(command["output"] for command in chosen))

    def test_a_changed_source_is_checked_again_alone(self):
        self.run_tidy()
        self.write({"nebula/base/b.cpp": "int bb;\n"})
        self.assertEqual(["b.cpp"], self.run_tidy()[0])

    def test_a_changed_header_setting_or_flag_checks_all_again(self):
        self.run_tidy()
        self.write({"nebula/base/h.hpp": "int hh;\n"})
        self.assertEqual(["a.cpp", "b.cpp"], self.run_tidy()[0])
        self.write({".clang-tidy": "Checks: most\n"})
        self.assertEqual(["a.cpp", "b.cpp"], self.run_tidy()[0])
        self.commands([("nebula/base/a.cpp", "a.o"), ("nebula/base/b.cpp", "b.o")], flags="-DX")
        self.assertEqual(["a.cpp", "b.cpp"], self.run_tidy()[0])

    def test_a_finding_is_printed_once_and_never_forgotten(self):
        self.write({"nebula/base/a.cpp": "bad\n", "nebula/base/b.cpp": "bad\n"})
        for _ in range(2):
            checked, printed, status = self.run_tidy()
            self.assertEqual((["a.cpp", "b.cpp"], 1), (checked, status))
            self.assertEqual(1, printed.count("nebula/base/h.hpp:1:2: error: oh no [x]\n  explained\n"))
            self.assertNotIn("warnings generated", printed)


if __name__ == "__main__":
    unittest.main()

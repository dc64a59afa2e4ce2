# SPDX-License-Identifier: MIT
"""A copy of the entry in a scratch tree, where the system's tools are small stand-ins."""
import hashlib
import os
import shutil
import subprocess

from scratch_tree import REPOSITORY, ScratchTree

# A Godot as far as the entry can tell; what it does beyond is each test's own affair.
ENGINE = """#!/bin/sh
case "$*" in *--version*) echo 4.6.3.stable.stub; exit 0;; esac
echo "$@" >>"$STUB_FOLDER/engine.calls"
"""
# Says of every package asked about that it is installed.
ALL_INSTALLED = """#!/bin/sh
shift 3
for name; do echo "installed $name"; done
"""
RECORDER = """#!/bin/sh
echo "$(basename "$0") $*" >>"$STUB_FOLDER/calls"
"""


class StubbedEntry(ScratchTree):
    def setUp(self):
        super().setUp()
        self.stubs = self.root / "stubs"
        self.home = self.root / "home"
        self.tree = self.root / "tree"
        for folder in (self.stubs, self.home, self.tree / "demo"):
            folder.mkdir(parents=True)
        self.write({"tree/demo/project.godot": ""})
        self.root.chmod(0o755)
        shutil.copy(REPOSITORY / "run", self.tree)
        shutil.copy(REPOSITORY / "CMakePresets.json", self.tree)
        shutil.copytree(REPOSITORY / "tools", self.tree / "tools")
        self.stub("dpkg-query", ALL_INSTALLED)
        for name in ("apt-get", "cmake"):
            self.stub(name, RECORDER)
        self.stub("sudo", RECORDER + '[ "$1" != -n ] || shift\nexec "$@"\n')
        self.engine = self.stub("an-engine", ENGINE)

    def stub(self, name, script):
        path = self.stubs / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
        return path

    def make_windows_libraries(self):
        """As tools/lib/windows.sh leaves them."""
        recipe = hashlib.sha256((self.tree / "tools/lib/windows.sh").read_bytes()).hexdigest()
        self.write({"tree/cmake/toolchains/mingw-w64.cmake": "", "tree/build/windows-libraries/recipe": f"{recipe}  -\n"})

    def calls(self, name="calls"):
        """What the stand-ins were called with, one line each."""
        file = self.stubs / name
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def environment(self, **changes):
        plain = {
            "PATH": f"{self.stubs}:/usr/bin:/bin",
            "HOME": str(self.home),
            "STUB_FOLDER": str(self.stubs),
            "GODOT": str(self.engine),
            "LC_ALL": "C.UTF-8",
        }
        plain.update(changes)
        return {name: value for name, value in plain.items() if value is not None}

    def call(self, *command, cwd=None, user=None, **changes):
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.tree,
            env=self.environment(**changes),
            user=user,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run_verb(self, *arguments, **keywords):
        return self.call(self.tree / "run", *arguments, **keywords)

    def in_library(self, script, **keywords):
        """Runs a line of bash with the libraries of the entry loaded."""
        load = "set -euo pipefail; exec 4>&1; NEBULA_ROOT=$PWD; for part in tools/lib/*.sh; do . $part; done; "
        return self.call("bash", "-c", load + script, **keywords)

    def assert_refused(self, result, *parts, status=None):
        """One sentence of ours on standard error, which holds these parts, and a non-zero status."""
        lines = result.stderr.splitlines()
        self.assertEqual(1, len(lines), result.stderr)
        self.assertTrue(lines[0].startswith("nebula: "), lines[0])
        for part in parts:
            self.assertIn(part, lines[0])
        if status is None:
            self.assertNotEqual(0, result.returncode)
        else:
            self.assertEqual(status, result.returncode)


def running_as_root():
    return os.geteuid() == 0

# SPDX-License-Identifier: MIT
"""stale.py: a build survives an upgrade of what it takes from the system."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tools/lib"))
import ninja_files  # noqa: E402
import stale  # noqa: E402

# When the distribution built the package: long before anything here was built.
LONG_AGO = time.time() - 30 * 86400

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(scratch LANGUAGES CXX)
add_executable(program main.cpp)
target_include_directories(program SYSTEM PRIVATE "{system}")
target_link_libraries(program PRIVATE "{system}/libthing.a")
target_precompile_headers(program PRIVATE <thing.hpp>)
"""


class Upgrade(unittest.TestCase):
    """A project whose header, library and compiler come from a folder that plays the system."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="nebula-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name).resolve()
        cls.system = cls.root / "system"
        cls.build = cls.root / "project/build"
        cls.compiler = cls.system / "c++"

    def setUp(self):
        """Up to date, whatever the test before did."""
        self.system.mkdir(exist_ok=True)
        self.write({
            "project/CMakeLists.txt": PROJECT.format(system=self.system),
            "project/main.cpp": "#include <cstdio>\nint thing();\nint main() { std::printf(\"%d %d\\n\", kThing, thing()); }\n",
        })
        self.install_header(1)
        self.install_library(1)
        if not self.compiler.exists():
            self.install_compiler("the-compiler", 1)
            self.compiler.symlink_to(self.system / "the-compiler")
        if self.build.exists():
            stale.remove_stale(self.build)
        if not self.build.exists():
            self.run_tool("cmake", "-S", self.root / "project", "-B", self.build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={self.compiler}")
        self.make()
        self.assertEqual("1 1", self.program_says())

    def write(self, files):
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                file.write_text(text, encoding="utf-8")

    def run_tool(self, *command):
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if result.returncode:
            raise AssertionError(f"{command}: {result.stdout}{result.stderr}")
        return result.stdout

    def make(self):
        return self.run_tool("ninja", "-C", self.build)

    def program_says(self):
        return self.run_tool(self.build / "program").strip()

    def install(self, name, temporary):
        """As a package manager does: a new file takes the place of the old one, with the package's time."""
        os.utime(temporary, (LONG_AGO, LONG_AGO))
        os.replace(temporary, self.system / name)

    def install_header(self, value):
        self.write({"new": f"constexpr int kThing = {value};\n// {'x' * value}\n"})
        self.install("thing.hpp", self.root / "new")

    def install_library(self, value):
        self.write({"thing.cpp": f"int thing() {{ return {value}; }}\n"})
        self.run_tool("g++", "-c", self.root / "thing.cpp", "-o", self.root / "thing.o")
        self.run_tool("ar", "rcD", self.root / "new.a", self.root / "thing.o")
        self.install("libthing.a", self.root / "new.a")

    def install_compiler(self, name, version):
        self.write({"new": f'#!/bin/sh\n# version {version}\nexec clang++-16 "$@"\n'})
        (self.root / "new").chmod(0o755)
        self.install(name, self.root / "new")

    def test_a_header_that_looks_old_is_compiled_in(self):
        self.install_header(2)
        self.make()
        self.assertEqual("1 1", self.program_says(), "ninja alone sees nothing newer")
        self.touch_source()
        with self.assertRaisesRegex(AssertionError, "has been modified since the precompiled header"):
            self.make()
        self.assertIn("thing.hpp has changed", stale.remove_stale(self.build))
        self.make()
        self.assertEqual("2 1", self.program_says())
        self.assertIsNone(stale.remove_stale(self.build), "once is enough")

    def test_a_library_that_looks_old_is_linked_in(self):
        self.install_library(2)
        self.make()
        self.assertEqual("1 1", self.program_says(), "ninja alone sees nothing newer")
        self.assertIn("libthing.a has changed", stale.remove_stale(self.build))
        self.assertNotIn("main.cpp.o", self.make(), "objects do not depend on it")
        self.assertEqual("1 2", self.program_says())

    def test_a_compiler_that_looks_old_builds_everything(self):
        self.install_compiler("the-compiler", 2)
        self.assertIn("c++ has changed", stale.remove_stale(self.build).replace("the-compiler", "c++"))
        self.assertFalse(self.build.exists())

    def test_a_link_that_leads_to_another_compiler_counts(self):
        self.install_compiler("another-compiler", 3)
        self.compiler.unlink()
        self.compiler.symlink_to(self.system / "another-compiler")
        self.assertIn("c++ has changed", stale.remove_stale(self.build))

    def test_a_header_that_is_gone_counts(self):
        (self.system / "thing.hpp").unlink()
        self.assertIn("thing.hpp has changed", stale.remove_stale(self.build))

    def test_the_projects_own_files_are_left_to_ninja(self):
        self.assertIsNone(stale.remove_stale(self.build))
        self.assertIn("no work to do", self.make())
        self.touch_source()
        self.assertIsNone(stale.remove_stale(self.build))
        self.assertIn("main.cpp.o", self.make())

    def touch_source(self):
        source = self.root / "project/main.cpp"
        source.write_text(source.read_text(encoding="utf-8") + "// more\n", encoding="utf-8")


class Files(ScratchTree):
    def test_a_folder_without_a_build_is_left_alone(self):
        self.write({"build/notes": ""})
        self.assertEqual(0, stale.main([str(self.root / "build")]))
        self.assertTrue((self.root / "build/notes").exists())

    def test_build_statements_are_read_as_ninja_reads_them(self):
        self.write({"build.ninja": "rule cc\n  command = x\nbuild a$ b.o | c.pch: cc /x/y$:z.cpp $\n    w.hpp | /lib/l.a || order\n  FLAGS = -x\n"})
        (statement,) = ninja_files.statements(pathlib.Path(self.root / "build.ninja"))
        self.assertEqual((["a b.o", "c.pch"], "cc", ["/x/y:z.cpp", "w.hpp", "/lib/l.a"]), tuple(statement))


if __name__ == "__main__":
    unittest.main()

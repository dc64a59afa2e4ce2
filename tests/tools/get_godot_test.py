# SPDX-License-Identifier: MIT
"""tools/get_godot.sh: which engine is chosen, and what is said when there is none."""
import unittest

from stub_tools import StubbedEntry

OLD = "#!/bin/sh\necho 4.4.1.stable.stub\n"
NEW = "#!/bin/sh\necho a warning of the driver\necho 4.5.stable.stub\n"


class GetGodot(StubbedEntry):
    def get(self, **changes):
        return self.call(self.tree / "tools/get_godot.sh", **{"GODOT": None, **changes})

    def test_the_one_in_godot_comes_first(self):
        self.stub("godot", NEW)
        result = self.get(GODOT=str(self.engine))
        self.assertEqual((f"{self.engine}\n", "", 0), (result.stdout, result.stderr, result.returncode))

    def test_godot_may_be_a_name_on_the_path_or_a_relative_path(self):
        self.assertEqual(f"{self.engine}\n", self.get(GODOT="an-engine").stdout)
        self.assertEqual(f"{self.engine}\n", self.get(GODOT="stubs/an-engine", cwd=self.root).stdout)

    def test_what_is_no_engine_is_told(self):
        for value in ("/nonexistent", "/bin/true", "/bin/false", str(self.root), "no-such-command"):
            self.assert_refused(self.get(GODOT=value), value)

    def test_an_old_one_in_godot_is_told_with_its_version(self):
        old = self.stub("old-engine", OLD)
        self.assert_refused(self.get(GODOT=str(old)), "4.4", "4.5")

    def test_one_on_the_path_is_taken_when_it_is_new_enough(self):
        path = self.stub("godot", NEW)
        self.assertEqual(f"{path}\n", self.get().stdout)
        self.assertEqual([], self.calls())

    def test_a_fetched_one_is_used_without_apt(self):
        self.stub("godot", OLD)
        engine = self.home / ".cache/nebula/godot/engine/godot"
        engine.parent.mkdir(parents=True)
        engine.write_text(NEW)
        engine.chmod(0o755)
        self.assertEqual(f"{engine}\n", self.get().stdout)
        self.assertEqual([], self.calls())

    def test_the_cache_can_be_elsewhere(self):
        for variable, folder in (("NEBULA_CACHE", "n/godot"), ("XDG_CACHE_HOME", "n/nebula/godot")):
            engine = self.root / folder / "engine/godot"
            engine.parent.mkdir(parents=True)
            engine.write_text(NEW)
            engine.chmod(0o755)
            self.assertEqual(f"{engine}\n", self.get(**{variable: str(self.root / "n")}).stdout)

    def last_line(self, result):
        """The sentence; standing alone the script shows its progress on standard error as well."""
        self.assertNotEqual(0, result.returncode)
        self.assertEqual("", result.stdout)
        return result.stderr.splitlines()[-1]

    def test_a_missing_network_is_told(self):
        self.stub("apt-get", "#!/bin/sh\necho \"E: Failed to fetch x  Temporary failure resolving 'x'\"; exit 100\n")
        self.assertIn("cannot be reached", self.last_line(self.get()))

    def test_an_archive_without_it_is_told(self):
        self.stub("apt-get", "#!/bin/sh\nexit 100\n")
        self.assertIn("set GODOT", self.last_line(self.get()))

    def test_a_full_disk_is_told(self):
        self.stub("df", "#!/bin/sh\necho header; echo 'x 100 60 40 60% /'\n")
        self.assert_refused(self.get(), "40 MB free")

    def test_a_cache_that_cannot_be_written_is_told(self):
        (self.root / "file").write_text("")
        self.assert_refused(self.get(NEBULA_CACHE=str(self.root / "file")), "NEBULA_CACHE")
        self.assert_refused(self.get(HOME=None), "NEBULA_CACHE")


if __name__ == "__main__":
    unittest.main()

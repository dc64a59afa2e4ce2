# SPDX-License-Identifier: MIT
"""./run: each wrong input and each wrong surrounding gets one sentence, and nothing is started before."""
import os
import pathlib
import time
import unittest

from stub_tools import ENGINE, RECORDER, StubbedEntry, running_as_root

NOBODY = 65534


class WrongWords(StubbedEntry):
    def assert_refused_untouched(self, *arguments, parts=()):
        self.assert_refused(self.run_verb(*arguments), *parts, status=2)
        self.assertEqual([], self.calls())
        self.assertFalse((self.tree / "build").exists())

    def test_help_shows_every_verb_and_succeeds(self):
        for arguments in (["help"], ["--help"], ["-h"], ["demo", "--help"]):
            result = self.run_verb(*arguments)
            self.assertEqual((0, ""), (result.returncode, result.stderr))
            for verb in (self.tree / "tools/verbs").glob("*.sh"):
                self.assertIn(f"./run {verb.stem}", result.stdout)

    def test_no_verb_shows_the_help_and_fails(self):
        result = self.run_verb()
        self.assertEqual(2, result.returncode)
        self.assertIn("./run demo", result.stderr)

    def test_an_unknown_verb_is_named(self):
        self.assert_refused_untouched("dmeo", parts=['"dmeo"', "./run help"])
        self.assert_refused_untouched("../lib/say")

    def test_an_unknown_flag_is_named_by_every_verb(self):
        for verb in ("demo", "addon", "package", "sanitized", "test", "build", "format", "check", "bench"):
            self.assert_refused_untouched(verb, "--colour", parts=["--colour"])

    def test_an_unknown_preset_is_named_with_the_known_ones(self):
        self.assert_refused_untouched("build", "debug", parts=['"debug"', "dev release asan tsan gcc"])

    def test_bench_says_that_there_is_none(self):
        self.assert_refused(self.run_verb("bench"), "none yet")

    def test_the_editor_asks_for_a_display(self):
        self.assert_refused(self.run_verb("godot"), "DISPLAY")


class WrongDemoFlags(StubbedEntry):
    def assert_demo_refused(self, *arguments, parts=()):
        result = self.run_verb("demo", *arguments)
        self.assert_refused(result, *parts, status=2)
        self.assertEqual([], self.calls())
        self.assertFalse((self.tree / "build").exists(), "refused before anything is built")

    def test_threads_are_a_whole_number_from_1_to_256(self):
        for value in ("0", "-3", "abc", "257", "1.5", "", "99999999999999999999", "1e2", "0x4"):
            self.assert_demo_refused("--threads", value, parts=["--threads"])
            self.assert_demo_refused(f"--threads={value}", parts=["--threads"])

    def test_seconds_are_a_number_above_0_and_up_to_3600(self):
        for value in ("0", "-1", "abc", "3600.5", "1e3", "0.0", ".", "inf"):
            self.assert_demo_refused("--seconds", value, parts=["--seconds"])

    def test_a_flag_without_its_value_is_named(self):
        for flag in ("--threads", "--seconds", "--config", "--report", "--screenshot"):
            self.assert_demo_refused(flag, parts=[flag])
        self.assert_demo_refused("--headless=yes", parts=["--headless"])

    def test_the_config_must_be_a_file_that_can_be_read(self):
        self.assert_demo_refused("--config", "no.toml", parts=[f"{self.tree}/no.toml", "does not exist"])
        self.assert_demo_refused("--config", "demo", parts=["not a file"])

    def test_outputs_must_be_files_in_folders_that_can_be_written(self):
        (self.tree / "a-file").write_text("")
        for flag in ("--report", "--screenshot"):
            self.assert_demo_refused(flag, "demo", parts=["is a folder"])
            self.assert_demo_refused(flag, "new/", parts=[flag])
            self.assert_demo_refused(flag, "a-file/x", parts=["a-file"])
        self.assertFalse((self.tree / "new").exists())
        self.assert_demo_refused("--report", "x", "--screenshot", "./x", parts=["both name"])
        self.assert_demo_refused("--dig", "--pictures", "a-file", parts=["pictures", "not a folder"])

    def test_each_demo_has_flags_of_its_own(self):
        self.assert_demo_refused("--dig", "--cookbook", parts=["two demos"])
        self.assert_demo_refused("--dig=5", parts=["--dig takes no value"])
        self.assert_demo_refused("--cookbook=none", parts=["--cookbook=none", "demo/cookbook"])
        self.assert_demo_refused("--dig", "--seconds", "4", parts=["do not go with --dig"])
        self.assert_demo_refused("--pictures", "x", parts=["--pictures belongs to"])
        self.assert_demo_refused("--cookbook", "--report", "r.json", parts=["--report"])

    def test_a_person_needs_a_display(self):
        self.assert_demo_refused("--dig", "--play", parts=["--play needs a display"])
        self.assert_demo_refused("--play", "--headless", parts=["--play needs a display"])
        self.assert_demo_refused("--play=yes", parts=["--play takes no value"])

    def test_the_usual_output_folder_may_be_in_the_way(self):
        (self.tree / "out").write_text("")
        self.assert_demo_refused(parts=[f"{self.tree}/out"])
        self.assert_demo_refused("--headless", parts=[f"{self.tree}/out"])

    def test_a_read_only_output_folder_is_named(self):
        (self.tree / "out").mkdir()
        (self.tree / "out").chmod(0o555)
        if running_as_root():
            os.chown(self.tree / "out", NOBODY, NOBODY)
        result = self.run_verb("demo", user=NOBODY if running_as_root() else None)
        self.assert_refused(result, f"{self.tree}/out is not writable", status=2)

    def test_the_probe_leaves_nothing_behind(self):
        self.run_verb("demo", "--report", "fresh/r.json")
        self.assertEqual([], list((self.tree / "fresh").iterdir()))


class Examples(StubbedEntry):
    def test_an_unknown_example_is_named_before_anything_is_built(self):
        result = self.run_verb("examples", "extension", "rust")
        self.assert_refused(result, '"rust"', "extension godot_cpp", status=2)
        self.assertEqual([], self.calls())


class WrongBenchFlags(StubbedEntry):
    def setUp(self):
        super().setUp()
        drivers = ("task/bench_task", "terrain/bench_terrain", "threading/bench_pool", "voxel/bench_voxel")
        self.write({f"tree/bench/{driver}.py": "" for driver in drivers} | {"tree/a-file": ""})

    def assert_bench_refused(self, *arguments, parts=()):
        result = self.run_verb("bench", *arguments)
        self.assert_refused(result, *parts, status=2)
        self.assertEqual([], self.calls())
        self.assertFalse((self.tree / "build").exists(), "refused before anything is built")

    def test_an_unknown_benchmark_is_named_with_the_known_ones(self):
        self.assert_bench_refused("pol", parts=['"pol"', "task terrain pool voxel"])
        self.assert_bench_refused("threading", parts=['"threading"', "task terrain pool voxel"])

    def test_an_unknown_flag_is_named(self):
        for arguments in (["pool", "--fast"], ["--fast", "pool"], ["pool", "-q"]):
            self.assert_bench_refused(*arguments, parts=[f'"{[a for a in arguments if a != "pool"][0]}"'])
        self.assert_bench_refused("pool", "--quick=yes", parts=["--quick", "no value"])

    def test_json_names_a_file_that_can_be_written(self):
        self.assert_bench_refused("pool", "--json", parts=["--json needs a value"])
        self.assert_bench_refused("pool", "--json=", parts=["--json needs a value"])
        self.assert_bench_refused("pool", "--json", "bench", parts=["is a folder"])
        self.assert_bench_refused("pool", "--json", "new/", parts=["--json"])
        self.assert_bench_refused("pool", "--json", "a-file/x.json", parts=["a-file"])

    def test_the_page_with_the_plots_needs_a_place_of_its_own(self):
        self.assert_bench_refused("pool", "--json", "x.html", parts=["x.html"])
        (self.tree / "y.html").mkdir()
        self.assert_bench_refused("pool", "--json", "y.json", parts=["y.html, which is a folder"])

    def test_one_json_file_is_not_for_two(self):
        for names in ([], ["pool", "task"], ["task", "voxel", "pool"]):
            self.assert_bench_refused(*names, "--json", "x.json", parts=["--json", "one of them"])

    def test_a_godot_that_is_none_is_told_before_anything_is_built(self):
        for name in ("task", "terrain"):
            self.assert_refused(self.run_verb("bench", name, GODOT="/no/such/engine"), "/no/such/engine")
            self.assertEqual([], self.calls())


class WrongSurroundings(StubbedEntry):
    def test_other_systems_are_named(self):
        for text in ("ID=fedora\nPRETTY_NAME='Fedora 40'\nVERSION_ID=40\n", "ID=debian\nVERSION_ID=11\n", "ID=ubuntu\nVERSION_ID=24.04\n", ""):
            (self.root / "os").write_text(text)
            self.assert_refused(self.in_library(f"need_debian {self.root}/os"), "Debian 12")
        self.assert_refused(self.in_library("need_debian /no/such/file"), "Debian 12")

    def test_debian_12_and_later_pass(self):
        for text in ("ID=debian\nVERSION_ID=12\n", "ID=debian\nVERSION_ID=13\n", "ID=debian\nPRETTY_NAME=sid\n"):
            (self.root / "os").write_text(text)
            self.assertEqual(0, self.in_library(f"need_debian {self.root}/os").returncode)

    def test_nothing_missing_means_no_apt_and_no_sudo(self):
        self.assertEqual(0, self.in_library("need_packages build test format check picture").returncode)
        self.assertEqual([], self.calls())

    def test_only_what_is_missing_and_wanted_is_installed(self):
        self.stub("dpkg-query", '#!/bin/sh\nshift 3\nfor n; do case $n in cmake|xvfb) ;; *) echo "installed $n";; esac; done\nexit 1\n')
        self.assertEqual("cmake\n", self.in_library("missing_packages build").stdout)
        self.assertEqual("cmake\nxvfb\n", self.in_library("missing_packages build picture").stdout)

    def missing(self, apt_get, **keywords):
        self.stub("dpkg-query", "#!/bin/sh\nexit 1\n")
        self.stub("apt-get", apt_get)
        return self.in_library("need_packages picture", **keywords)

    def test_a_missing_network_is_told(self):
        result = self.missing("#!/bin/sh\necho \"Err:1 Temporary failure resolving 'x'\"; echo 'E: Unable to locate package xvfb'; exit 100\n")
        self.assert_refused(result, "cannot be reached", "build/log/install.log")

    def test_a_package_nobody_has_is_named(self):
        self.assert_refused(self.missing("#!/bin/sh\necho 'E: Unable to locate package xvfb'; exit 100\n"), "do not contain xvfb")

    def test_another_failure_names_the_log(self):
        self.assert_refused(self.missing("#!/bin/sh\nexit 100\n"), "build/log/install.log")

    def test_a_full_disk_is_told_before_anything_is_fetched(self):
        self.stub("df", "#!/bin/sh\necho header; echo 'x 100 60 40 60% /'\n")
        self.assert_refused(self.missing(RECORD_APT), "40 MB free")
        self.assertEqual([], self.calls())

    @unittest.skipUnless(running_as_root(), "becomes another user")
    def test_without_root_and_sudo_the_command_to_run_is_told(self):
        for folder in ("/usr/bin", "/bin"):
            if os.path.exists(f"{folder}/sudo"):
                self.skipTest("this system has a sudo")
        (self.stubs / "sudo").unlink()
        self.assert_refused(self.missing(RECORD_APT, user=NOBODY), "no sudo", "apt-get install --no-install-recommends xvfb xauth")
        self.assertEqual([], self.calls())

    @unittest.skipUnless(running_as_root(), "becomes another user")
    def test_a_sudo_that_asks_for_a_password_is_of_no_use_without_a_terminal(self):
        self.stub("sudo", "#!/bin/sh\nexit 1\n")
        self.assert_refused(self.missing(RECORD_APT, user=NOBODY), "sudo refuses")

    def test_a_failed_build_shows_the_first_error_and_the_log(self):
        self.stub("cmake", f'#!/bin/sh\ncase $1 in --build) echo "noise"; echo "{self.tree}/nebula/x.cpp:3:7: error: no such thing"; exit 1;; esac\n')
        result = self.run_verb("build", "asan")
        self.assert_refused(result, "(nebula/x.cpp:3:7: error: no such thing)", "build/log/build-asan.log")


RECORD_APT = '#!/bin/sh\necho "apt-get $*" >>"$STUB_FOLDER/calls"\n'

# Writes the files it is asked for, as the demo does.
WRITING_ENGINE = ENGINE + """
for argument; do case $argument in --report=*|--screenshot=*) echo x >"${argument#*=}";; esac; done
"""


class Addon(StubbedEntry):
    def test_it_builds_the_library_alone_and_prints_where_it_is(self):
        result = self.run_verb("addon", cwd=self.home)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        builds = [line for line in self.calls() if line.startswith("cmake --build")]
        self.assertEqual([f"cmake --build {self.tree}/build/release --target nebula_godot"], builds)
        self.assertIn(f"{self.tree}/addon/addons/nebula", result.stdout)


# Tells what it was asked for, and writes a package.
WRITING_PACKER = """import os, pathlib, sys
arguments = sys.argv[1:]
with open(os.environ["STUB_FOLDER"] + "/packer.calls", "a") as calls:
    print(*arguments, file=calls)
out = pathlib.Path(arguments[arguments.index("--out") + 1])
out.mkdir(parents=True, exist_ok=True)
package = out / f"nebula-1.2.3-{arguments[arguments.index('--platform') + 1]}.zip"
package.write_text("x")
print(package)
"""


class Package(StubbedEntry):
    def setUp(self):
        super().setUp()
        self.write({"tree/tools/package/package.py": WRITING_PACKER})
        # The library says of which preset it is.
        library = f"{self.tree}/addon/addons/nebula/bin/libnebula.so"
        self.stub("cmake", RECORDER + f'case "$1 $2" in "--build "*) mkdir -p "$2" && basename "$2" >{library};; esac\n')

    def test_both_libraries_are_built_and_packed(self):
        result = self.run_verb("package", SOURCE_DATE_EPOCH="1700000000")
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertEqual(
            [f"--platform linux-x86_64 --tools  --seconds 1700000000 --debug {self.tree}/build/package-debug {self.tree}/build/package-debug/libnebula.so "
             f"--release {self.tree}/build/release {self.tree}/addon/addons/nebula/bin/libnebula.so --out {self.tree}/out"],
            self.calls("packer.calls"))
        self.assertEqual("package-debug\n", (self.tree / "build/package-debug/libnebula.so").read_text())
        self.assertEqual("release\n", (self.tree / "addon/addons/nebula/bin/libnebula.so").read_text())
        self.assertIn(f"{self.tree}/out/nebula-1.2.3-linux-x86_64.zip", result.stdout)

    def test_windows_has_a_package_of_its_own_beside_the_other(self):
        self.make_windows_libraries()
        result = self.run_verb("package", "--windows")
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        linux, windows = self.calls("packer.calls")
        self.assertIn("--platform linux-x86_64 ", linux)
        self.assertEqual(
            f"--platform windows-x86_64 --tools x86_64-w64-mingw32- --seconds 315532800 --debug {self.tree}/build/windows {self.tree}/build/windows/libnebula.dll "
            f"--release {self.tree}/build/windows-release {self.tree}/build/windows-release/libnebula.dll --out {self.tree}/out",
            windows)

    def test_without_a_repository_the_time_is_the_oldest_that_a_zip_knows(self):
        self.assertEqual(0, self.run_verb("package").returncode)
        self.assertIn("--seconds 315532800 ", self.calls("packer.calls")[0])

    def test_a_time_that_is_none_is_refused(self):
        self.assert_refused(self.run_verb("package", SOURCE_DATE_EPOCH="today"), "SOURCE_DATE_EPOCH", "today", status=2)

    def test_a_packer_that_fails_is_told_with_its_log(self):
        self.write({"tree/tools/package/package.py": "import sys\nsys.exit(1)\n"})
        self.assert_refused(self.run_verb("package"), "build/log/package.log", status=1)


class Sanitized(StubbedEntry):
    def sanitized(self, *arguments):
        self.write({"tree/tests/godot/run.sh": '#!/bin/sh\necho "$GODOT $*" >>"$STUB_FOLDER/suite.calls"\n'})
        (self.tree / "tests/godot/run.sh").chmod(0o755)
        for name in ("clang-16", "clang++-16"):
            self.stub(name, "#!/bin/sh\necho /the/runtime.so\n")
        for kind in ("asan", "tsan"):
            (self.tree / f"build/engine-{kind}").mkdir(parents=True, exist_ok=True)
        result = self.run_verb("sanitized", *arguments)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        (call,) = self.calls("suite.calls")
        return call

    def test_it_builds_with_the_sanitizer_and_runs_the_suite_in_an_engine_that_has_its_runtime(self):
        self.assertEqual(f"{self.tree}/build/engine-tsan/engine a_test", self.sanitized("tsan", "a_test"))
        self.assertIn(f"cmake --build {self.tree}/build/engine-tsan --target nebula_godot nebula_godot_probe", self.calls())
        self.assertIn("no_deepbind.so /the/runtime.so", (self.tree / "build/engine-tsan/engine").read_text())

    def test_addresses_are_the_default(self):
        self.assertEqual(f"{self.tree}/build/engine-asan/engine a_test", self.sanitized("a_test"))

    def test_wrong_words_are_refused(self):
        self.assert_refused(self.run_verb("sanitized", "asan", "a", "b"), '"a b"', status=2)


class Rows(StubbedEntry):
    """The table of ./run test."""

    def rows(self, script):
        load = "source tools/verbs/test.sh; verb() { make_log_folder; local rows beside_pid='' last_ok started=$SECONDS; rows=$(log_path rows); : >\"$rows\"; trap stop_beside EXIT; "
        return self.in_library(load + script + "\nshow_rows; }; verb")

    def test_rows_add_up_to_the_last_line(self):
        result = self.rows('counted one true; some() { echo "12 0" >"$counts"; }; counted several some; counted three true')
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("14 passed, 0 failed", result.stdout.splitlines()[-1])
        table = [line.split() for line in result.stdout.splitlines() if line and line.split()[-1].isdigit()]
        *rows, total = [[int(word) for word in words[-3:]] for words in table]
        self.assertEqual(total[:2], [sum(column) for column in zip(*rows)][:2])

    def test_a_row_that_fails_fails_the_run(self):
        result = self.rows('counted good true; some() { echo "3 2" >"$counts"; return 1; }; counted bad some; crash() { echo "5 0" >"$counts"; return 139; }; counted worse crash')
        self.assertIn("9 passed, 3 failed", result.stdout)
        self.assert_refused(result, "3 tests or steps failed", status=1)

    def test_rows_beside_others_count_and_show_what_they_said(self):
        result = self.rows('slow() { counted slow sleepy; }; sleepy() { sleep 1; echo said >&4; }; beside slow; counted quick true; wait_beside; counted last true')
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("3 passed, 0 failed", result.stdout)
        self.assertIn("said", result.stdout)

    def test_a_row_beside_others_can_fail(self):
        result = self.rows('bad() { counted bad false; }; beside bad; counted quick true; wait_beside')
        self.assertIn("1 passed, 1 failed", result.stdout)
        self.assertNotEqual(0, result.returncode)

    def test_an_end_half_way_ends_what_ran_beside(self):
        result = self.rows('slow() { sh -c "echo \\$\\$ >child; exec sleep 50"; }; beside slow; until [[ -s child ]]; do sleep 0.1; done; exit 3')
        self.assertEqual(3, result.returncode)
        child = int((self.tree / "child").read_text())

        def is_alive():  # whoever inherits a process that has ended may take its time to bury it
            try:
                return pathlib.Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
            except OSError:
                return False

        for _ in range(100):
            if not is_alive():
                return
            time.sleep(0.05)
        self.fail("it runs on")


class WholeTest(StubbedEntry):
    """./run test from its first row to the last, with stand-ins for all that takes time."""

    def setUp(self):
        super().setUp()
        passes = "import sys\n"
        self.write({
            "tree/bench/task/CMakeLists.txt": "",
            "tree/bench/godot/prepare.py": passes,
            "tree/nebula/x.hpp": "", "tree/tests/x.hpp": "", "tree/.ci/run": "",
            "tree/tests/godot/run.sh": "#!/bin/sh\necho '7 passed, 0 failed'\n",
            "tree/tests/extension/run.sh": '#!/bin/sh\necho "extension $*" >>"$STUB_FOLDER/calls"\necho "6 passed, 0 failed"\n',
            "tree/tests/godot_cpp/run.sh": '#!/bin/sh\necho "godot_cpp $*" >>"$STUB_FOLDER/calls"\necho "8 passed, 0 failed"\n',
            "tree/tests/godot/export.sh": '#!/bin/sh\necho "export $*" >>"$STUB_FOLDER/calls"\n',
            "tree/tools/get_godot.sh": f'#!/bin/sh\n[ "$1" != --export-template ] || {{ echo /the/template; exit; }}\necho {self.stubs}/an-engine\n',
            "tree/tests/godot/package.sh": '#!/bin/sh\necho "package $*" >>"$STUB_FOLDER/calls"\n',
            "tree/tools/bindgen/dump.py": passes,
            "tree/tools/guide/build_site.py": passes,
            "tree/tools/package/package.py": WRITING_PACKER,
            **{f"tree/tools/check/{name}.py": passes for name in ("docs", "includes", "tidy")},
        })  # fmt: skip
        for script in ("tests/godot/run.sh", "tests/extension/run.sh", "tests/godot_cpp/run.sh", "tests/godot/export.sh", "tests/godot/package.sh"):
            (self.tree / script).chmod(0o755)
        for name in ("clang-format-16", "clang++-16", "clang-16", "shellcheck"):
            self.stub(name, RECORDER)
        self.stub("ctest", RECORDER + "echo '100% tests passed, 0 tests failed out of 10'\n")
        self.stub("an-engine", WRITING_ENGINE)

    def rows_of(self, result):
        lines = [line for line in result.stdout.splitlines() if line[24:].split() and all(word.isdigit() for word in line[24:].split())]
        return {line[:24].strip(): [int(word) for word in line[24:].split()] for line in lines}

    def test_every_row_is_there_and_they_add_up(self):
        result = self.run_verb("test")
        self.assertEqual((0, ""), (result.returncode, result.stderr), result.stdout)
        rows = self.rows_of(result)
        total = rows.pop("total")
        self.assertEqual({
            "checks", "build release", "engine tests", "example of godot-cpp", "example extension", "demo", "digging game", "exported demo", "guide", "package", "unit tests, release",
            "build asan", "unit tests, asan", "build tsan", "unit tests, tsan", "build gcc", "unit tests, gcc",
            "build bench", "build dev", "engine tests, dev", "unit tests, dev", "clang-tidy",
        }, set(rows))  # fmt: skip
        self.assertEqual([10, 0], rows["unit tests, asan"][:2])
        self.assertEqual([7, 0], rows["engine tests"][:2])
        self.assertEqual(total[:2], [sum(row[column] for row in rows.values()) for column in (0, 1)])
        self.assertEqual(f"{total[0]} passed, 0 failed", result.stdout.splitlines()[-1])
        self.assertIn(f"godot_cpp {self.tree}/build/release", self.calls())
        self.assertIn(f"extension {self.tree}/build/release", self.calls())
        self.assertIn("export /the/template", self.calls())
        self.assertIn(f"package {self.tree}/build/package-test/nebula-1.2.3-linux-x86_64.zip /the/template", self.calls())

    def test_windows_has_rows_of_its_own(self):
        self.make_windows_libraries()
        self.write({"tree/tests/godot/package_windows.sh": '#!/bin/sh\necho "package $*" >>"$STUB_FOLDER/calls"\n'})
        (self.tree / "tests/godot/package_windows.sh").chmod(0o755)
        result = self.run_verb("test", "--windows")
        self.assertEqual((0, ""), (result.returncode, result.stderr), result.stdout)
        self.assertEqual({"build windows", "unit tests, windows", "package, windows", "total"}, set(self.rows_of(result)))
        self.assertIn(f"cmake --build {self.tree}/build/windows --target all", self.calls())
        package = f"{self.tree}/build/package-test-windows/nebula-1.2.3-windows-x86_64.zip"
        self.assertIn(f"package {package} {self.tree}/build/windows/tests/godot/entry_test.exe", self.calls())

    def test_a_failed_build_is_one_failure_and_skips_what_needs_it(self):
        self.stub("cmake", '#!/bin/sh\ncase "$*" in *--build*/build/tsan*) exit 1;; esac\n')
        result = self.run_verb("test")
        rows = self.rows_of(result)
        self.assertEqual([0, 1], rows["build tsan"][:2])
        self.assertNotIn("unit tests, tsan", rows)
        self.assertEqual([10, 0], rows["unit tests, gcc"][:2])
        self.assertIn(", 1 failed", result.stdout.splitlines()[-1])
        self.assertEqual(1, result.returncode)


DRIVER = """import os, sys
open(os.environ["STUB_FOLDER"] + "/NAME.calls", "w").write(" ".join(sys.argv[1:]))
"""


class Bench(StubbedEntry):
    def setUp(self):
        super().setUp()
        drivers = {"task": "task", "terrain": "terrain", "threading": "pool", "voxel": "voxel"}
        self.write({f"tree/bench/{folder}/bench_{name}.py": DRIVER.replace("NAME", name) for folder, name in drivers.items()})

    def assert_ran(self, *names):
        for name in ("task", "terrain", "pool", "voxel"):
            self.assertEqual(name in names, bool(self.calls(f"{name}.calls")), name)

    def targets(self):
        return [line.partition("--target ")[2] for line in self.calls() if "--target" in line]

    def test_the_pool_gets_its_files_as_absolute_paths(self):
        result = self.run_verb("bench", "pool", "--quick", "--json", "sub/p.json", cwd=self.home)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        programs = f"--programs {self.tree}/build/release/bench/threading"
        self.assertEqual([f"{programs} --json {self.home}/sub/p.json --html {self.home}/sub/p.html --quick"], self.calls("pool.calls"))
        self.assert_ran("pool")

    def test_the_tasks_get_the_engine_and_a_build_with_it(self):
        result = self.run_verb("bench", "task", "--quick", "--json", "sub/t.json", cwd=self.home)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertEqual([f"--engine {self.engine} --library {self.tree}/build/release/bench/task "
                          f"--json {self.home}/sub/t.json --html {self.home}/sub/t.html --quick"], self.calls("task.calls"))
        self.assertEqual(["nebula_task_bench"], self.targets())
        self.assert_ran("task")

    def test_the_voxels_get_every_program(self):
        result = self.run_verb("bench", "voxel", "--quick", "--json", "sub/v.json", cwd=self.home)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertEqual([f"--programs {self.tree}/build/release/bench "
                          f"--json {self.home}/sub/v.json --html {self.home}/sub/v.html --quick"], self.calls("voxel.calls"))
        self.assertEqual(["all"], self.targets())
        self.assert_ran("voxel")

    def test_the_terrain_gets_the_engine_and_the_addon_that_users_get(self):
        result = self.run_verb("bench", "terrain", "--quick", "--json", "sub/t.json", cwd=self.home)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertEqual([f"--engine {self.engine} --addons {self.tree}/addon/addons --programs {self.tree}/build/release/bench "
                          f"--json {self.home}/sub/t.json --html {self.home}/sub/t.html --quick"], self.calls("terrain.calls"))
        self.assertEqual(["nebula_godot machine_speed"], self.targets())
        configured = next(line for line in self.calls() if "--preset release" in line)
        self.assertLess(configured.index("NEBULA_BUILD_BENCH=OFF"), configured.index("NEBULA_BUILD_BENCH=ON"), "the last one counts")
        self.assert_ran("terrain")

    def test_without_names_all_of_them_run(self):
        self.assertEqual(0, self.run_verb("bench").returncode)
        self.assert_ran("task", "terrain", "pool", "voxel")
        for name in ("task", "terrain", "pool", "voxel"):
            self.assertIn(f"--json {self.tree}/out/bench-{name}.json --html {self.tree}/out/bench-{name}.html", self.calls(f"{name}.calls")[0])

    def test_the_drivers_status_is_passed_on(self):
        self.write({"tree/bench/threading/bench_pool.py": "import sys\nsys.exit(1)\n"})
        self.assertEqual(1, self.run_verb("bench", "pool").returncode)

    def test_peers_that_cannot_be_brought_in_are_no_failure(self):
        self.stub("dpkg-query", '#!/bin/sh\nshift 3\nfor n; do case $n in librust-*|libtbb-dev|cargo) ;; *) echo "installed $n";; esac; done\nexit 1\n')
        self.stub("apt-get", "#!/bin/sh\nexit 100\n")
        result = self.run_verb("bench", "pool")
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertIn("without them", result.stdout)


class Demo(StubbedEntry):
    def demo(self, *arguments, engine=WRITING_ENGINE, **keywords):
        self.stub("an-engine", engine)
        return self.run_verb("demo", "--headless", *arguments, **keywords)

    def test_values_reach_the_engine_as_absolute_paths(self):
        (self.home / "c.toml").write_text("")
        result = self.demo("--threads", "08", "--seconds=2.5", "--config", "c.toml", "--report", "sub/r.json", cwd=self.home)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertEqual(
            [f"--no-header --path {self.tree}/demo --headless -- --threads=8 --seconds=2.5 --config={self.home}/c.toml --report={self.home}/sub/r.json"],
            self.calls("engine.calls"))

    def test_without_names_the_report_goes_to_out(self):
        self.assertEqual(0, self.demo().returncode)
        self.assertEqual(["demo.json"], [path.name for path in (self.tree / "out").iterdir()])

    def test_the_other_demos_have_outputs_of_their_own(self):
        self.write({"tree/demo/cookbook/undo.tscn": ""})
        self.assertEqual(0, self.demo("--dig").returncode)
        self.assertEqual(0, self.demo("--cookbook=undo").returncode)
        self.assertEqual(["dig.json"], [path.name for path in (self.tree / "out").iterdir()])
        start = f"--no-header --path {self.tree}/demo --headless --"
        self.assertEqual(
            [f"{start} --dig --report={self.tree}/out/dig.json", f"{start} --cookbook=undo"],
            self.calls("engine.calls"))

    def test_the_extension_is_listed_before_the_engine_starts(self):
        self.demo()
        self.assertEqual("res://addons/nebula/nebula.gdextension\n", (self.tree / "demo/.godot/extension_list.cfg").read_text())

    def test_the_demos_own_refusal_is_passed_on_alone(self):
        result = self.demo(engine=ENGINE + "echo noise >&2; echo 'nebula: c.toml:3: too many' >&2; exit 2\n")
        self.assertEqual("nebula: c.toml:3: too many\n", result.stderr)
        self.assertEqual(2, result.returncode)

    def test_an_engine_that_complains_and_ends_with_0_has_failed(self):
        for line in ("ERROR: bad", "SCRIPT ERROR: bad", r"\033[1;31mERROR:\033[0m bad", "WARNING: ObjectDB instances leaked at exit (run with --verbose for details).",
                     "ERROR: 3 RID allocations of type 'X' were leaked at exit.", "2 RIDs of type \"Texture\" were leaked.", "Leaked instance: Node:1",
                     "ERROR: 4 resources still in use at exit."):
            self.assert_refused(self.demo(engine=WRITING_ENGINE + f"printf '%b\\n' '{line}' >&2\n"), "build/log/demo-errors.log", status=1)

    def test_warnings_and_the_demos_table_are_no_complaint(self):
        result = self.demo(engine=WRITING_ENGINE + "echo 'errors  0'; echo 'WARNING: slow' >&2\n")
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertIn("errors  0", result.stdout)

    def test_a_crash_is_told_with_its_status(self):
        self.assert_refused(self.demo(engine=ENGINE + "echo 'handle_crash: signal 11' >&2; exit 134\n"), "status 134", "handle_crash")

    def test_a_report_that_was_not_written_is_missed(self):
        (self.tree / "old.json").write_text("of an earlier run")
        self.assert_refused(self.demo("--report", "old.json", engine=ENGINE), "without writing", "old.json")
        self.assertEqual("of an earlier run", (self.tree / "old.json").read_text())

    def test_a_picture_without_a_display_is_drawn_off_screen(self):
        self.stub("xvfb-run", '#!/bin/sh\nwhile [ "$1" != timeout ]; do shift; done\nexec "$@"\n')
        result = self.demo("--screenshot", "p.png")
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertEqual(
            [f"--no-header --path {self.tree}/demo --rendering-driver opengl3 --audio-driver Dummy -- --screenshot={self.tree}/p.png"],
            self.calls("engine.calls"))

    def test_an_engine_that_is_none_is_told(self):
        self.stub("dpkg-query", "#!/bin/sh\nexit 1\n")  # it comes before what is missing, too
        self.assert_refused(self.demo(GODOT="/nonexistent"), "/nonexistent", status=1)
        self.assert_refused(self.run_verb("test", GODOT="/nonexistent"), "/nonexistent", status=1)
        self.assertEqual([], self.calls())


def load_tests(_loader, tests, _pattern):
    """All of them, or with $PART=1/3 every third one, for those who run the parts side by side."""
    part, _, parts = os.environ.get("PART", "1/1").partition("/")
    cases = [case for suite in tests for case in suite]
    return unittest.TestSuite(cases[int(part) - 1 :: int(parts)])


if __name__ == "__main__":
    unittest.main()

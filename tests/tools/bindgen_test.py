#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/bindgen makes of a small dump, and what it says about a list it cannot follow."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINDGEN = ROOT / "tools/bindgen/bindgen.py"
DUMP = ROOT / "tools/bindgen/dump.py"
MINIMAL = "Object: get_class\nRefCounted: reference\n"


def method(name, result=None, arguments=(), **flags):
    entry = {"name": name, "is_vararg": False, "is_static": False, "is_virtual": False, "hash": 7, **flags}
    if result:
        entry["return_value"] = {"type": result}
    entry["arguments"] = [dict(zip(("name", "type", "default_value"), a)) for a in arguments]
    return entry


def engine_class(name, inherits, methods, is_refcounted=False, **rest):
    entry = {"name": name, "is_refcounted": is_refcounted, "methods": methods, **rest}
    if inherits:
        entry["inherits"] = inherits
    return entry


SMALL_DUMP = {
    "header": {"version_major": 4, "version_minor": 6, "version_patch": 3, "precision": "single"},
    "builtin_class_sizes": [{"build_configuration": "float_64", "sizes": [{"name": "String", "size": 8}]}],
    "global_enums": [{"name": "Error", "is_bitfield": False, "values": [{"name": "OK", "value": 0}]}],
    "utility_functions": [{"name": "print", "hash": 9}],
    "builtin_classes": [{"name": "Array", "methods": [{"name": "size", "hash": 5}]}],
    "singletons": [{"name": "Clock", "type": "Clock"}],
    "classes": [
        engine_class("Object", None, [method("get_class", "String")]),
        engine_class("RefCounted", "Object", [method("reference", "bool")], is_refcounted=True),
        engine_class("Paint", "RefCounted", [], is_refcounted=True),
        engine_class("Middle", "Object", []),
        engine_class(
            "Clock",
            "Middle",
            [
                method("set_paint", None, [("paint", "Paint"), ("operator", "int", "3")]),
                method("get_middle", "Middle"),
                method("set_mode", "enum::Error", [("mode", "enum::Clock.Mode", "1")]),
                method("raw", None, [("bytes", "const uint8_t*")]),
                method("_tick", None, [("delta", "float")], is_virtual=True),
            ],
            enums=[{"name": "Mode", "is_bitfield": False, "values": [{"name": "MODE_SLOW", "value": 1}]}],
            signals=[{"name": "struck"}],
            constants=[{"name": "HOURS", "value": 12}],
        ),
    ],
}


class Bindgen(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def generate(self, classes, dump=None, more=None, flags=()):
        (self.folder / "api.json").write_text(json.dumps(dump or SMALL_DUMP))
        (self.folder / "classes.txt").write_text(classes)
        if more is not None:
            (self.folder / "more.txt").write_text(more)
            flags = [*flags, "--more", self.folder / "more.txt"]
        return subprocess.run(
            [sys.executable, "-B", BINDGEN, "--api", self.folder / "api.json"]
            + ["--classes", self.folder / "classes.txt", "--out", self.folder / "out", *flags],
            capture_output=True,
            text=True,
            check=False,
        )

    def text(self, name):
        return (self.folder / "out" / name).read_text()

    def assert_refused(self, classes, sentence, dump=None, more=None):
        run = self.generate(classes, dump, more)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, f"bindgen: {sentence}\n")

    def test_a_listed_class_becomes_typed_methods_constants_signals_and_virtuals(self):
        run = self.generate(MINIMAL + "Clock: *\n")
        self.assertEqual(run.stderr, "")
        header = self.text("clock.hpp")
        for line in (
            "class Clock : public Object {",  # Middle is not listed
            "static Clock singleton();",
            "void set_paint(const Ref<RefCounted>& paint, std::int64_t operator_ = 3) const;",
            "Object get_middle() const;",
            "Error set_mode(ClockMode mode = static_cast<ClockMode>(1)) const;",
            "using enum ClockMode;",
            "static constexpr int HOURS = 12;",
            'static constexpr const char* struck = "struck";',
            'static constexpr VirtualMethod<void(double)> tick{"_tick", 7U};',
        ):
            self.assertIn(line, header)
        self.assertNotIn("raw", header)  # a pointer: passed over by a pattern
        self.assertIn('MethodBind kBind(kClassName, "set_paint", 7);', self.text("clock.cpp"))

    def test_the_files_it_will_write_are_known_from_the_list_alone(self):
        self.generate(MINIMAL + "Clock: *\n")
        listed = subprocess.run(
            [sys.executable, "-B", BINDGEN, "--classes", self.folder / "classes.txt"]
            + ["--out", self.folder / "out", "--list-outputs"],
            capture_output=True,
            text=True,
            check=True,
        )
        written = {str(path) for path in (self.folder / "out").iterdir()}
        self.assertEqual(set(listed.stdout.strip().split(";")), written)

    def test_a_list_that_adds_gives_headers_of_all_and_sources_of_what_is_new(self):
        run = self.generate(MINIMAL + "Clock: set_* get_middle\n", more="Paint:\nMiddle:\nClock: _tick HOURS\n")
        self.assertEqual(run.stderr, "")
        written = {path.name for path in (self.folder / "out").iterdir()}
        self.assertEqual(
            written,
            {"globals.hpp", "object.hpp", "ref_counted.hpp"}
            | {f"{name}.{suffix}" for name in ("clock", "middle", "paint") for suffix in ("hpp", "cpp")},
        )
        listed = self.generate(MINIMAL + "Clock: set_*\n", more="Paint:\nMiddle:\nClock: _tick\n", flags=["--list-outputs"])
        self.assertEqual({pathlib.Path(path).name for path in listed.stdout.strip().split(";")}, written)
        header = self.text("clock.hpp")
        self.assertIn('tick{"_tick", 7U}', header)
        self.assertIn("HOURS = 12", header)
        # The library has these two, compiled, without the new classes in their types.
        self.assertIn("void set_paint(const Ref<RefCounted>& paint", header)
        self.assertIn("Object get_middle() const;", header)
        self.assertNotIn("MethodBind", self.text("clock.cpp"))
        self.assertNotIn("Clock::singleton", self.text("clock.cpp"))

    def test_a_new_function_speaks_of_the_new_classes(self):
        self.generate(MINIMAL + "Clock: set_mode\n", more="Paint:\nClock: set_paint\n")
        self.assertIn("void set_paint(const Ref<Paint>& paint", self.text("clock.hpp"))
        self.assertIn("Error set_mode(", self.text("clock.hpp"))
        self.assertIn('"set_paint", 7);', self.text("clock.cpp"))
        self.assertNotIn('"set_mode"', self.text("clock.cpp"))

    def test_a_list_that_adds_what_nobody_can_is_one_sentence(self):
        for more, sentence in (
            ("Clocks: *\n", "more.txt:1: Godot 4.6.3 has no class Clocks"),
            ("# mine\nClock: chime\n", "more.txt:2: Godot 4.6.3 has no member Clock.chime"),
            (
                "Array: size\n",
                "more.txt:1: Array is a value and no class: the library has its own C++ for it, so only classes and"
                " enums of @GlobalScope can be added",
            ),
            ("@GlobalScope: print\n", "more.txt:1: print is a function of @GlobalScope; only its enums can be added"),
            ("Clock\n", "more.txt:1: expected 'Class: member member …', found 'Clock'"),
        ):
            self.assert_refused(MINIMAL + "Clock: set_mode\n", sentence, more=more)

    def test_a_file_whose_text_is_the_same_is_left_alone(self):
        self.generate(MINIMAL)
        before = (self.folder / "out/object.hpp").stat().st_mtime_ns
        self.generate(MINIMAL + "Clock: set_mode\n")
        self.assertEqual((self.folder / "out/object.hpp").stat().st_mtime_ns, before)

    def test_a_name_the_engine_does_not_have_is_one_sentence(self):
        self.assert_refused(MINIMAL + "Clocks: *\n", "classes.txt:3: Godot 4.6.3 has no class Clocks")
        self.assert_refused(MINIMAL + "Clock: chime\n", "classes.txt:3: Godot 4.6.3 has no member Clock.chime")
        self.assert_refused(MINIMAL + "Array: sizes\n", "classes.txt:3: Godot 4.6.3 has no member Array.sizes")

    def test_a_method_asked_for_by_name_that_cannot_be_said_is_one_sentence(self):
        self.assert_refused(
            MINIMAL + "Clock: raw\n",
            "classes.txt:3: Clock.raw needs const uint8_t*, which the binding does not speak",
        )

    def test_a_list_that_is_none_is_one_sentence(self):
        self.assert_refused("Object\n", "classes.txt:1: expected 'Class: member member …', found 'Object'")
        self.assert_refused("Object: *\n", "classes.txt: RefCounted must be listed, every handle leans on it")
        self.assert_refused(
            MINIMAL + "Object: *\n", "classes.txt:3: Object is listed twice, first at classes.txt:1"
        )

    def test_a_double_precision_engine_is_refused(self):
        dump = {**SMALL_DUMP, "header": {**SMALL_DUMP["header"], "precision": "double"}}
        self.assert_refused(
            MINIMAL, "the engine was built with double precision; the binding knows single only", dump
        )

    def test_an_engine_that_is_none_is_one_sentence(self):
        for command, complaint in (
            ("/nonexistent", "bindgen: there is no engine at '/nonexistent' (NEBULA_GODOT)\n"),
            ("true", "bindgen: 'true' did not write gdextension_interface.h and extension_api.json;"
             " is it Godot 4.5 or newer?\n"),
        ):
            run = subprocess.run(
                [sys.executable, "-B", DUMP, "--godot", command, "--out", self.folder / "dump"],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual((run.returncode, run.stderr), (1, complaint))


if __name__ == "__main__":
    unittest.main()

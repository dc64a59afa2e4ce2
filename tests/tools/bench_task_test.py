# SPDX-License-Identifier: MIT
"""bench/task/bench_task.py: what it makes of an engine's answer. The engine is a small stand-in."""
import json
import re
import sys
import unittest

from bench_driver import BenchDriver
from scratch_tree import REPOSITORY

FOLDER = REPOSITORY / "bench/task"
ROWS = ["await.signal", "await.signal.no_argument", "await.signal.whole", "await.every_frame", "await.ready", "await.ready.event",
        "await.child", "await.allocations", "await.allocations.signal", "await.allocations.frame", "await.allocations.timer",
        "await.allocations.pool_job", "await.allocations.child", "await.allocations.spawn", "spawn.finish", "hop.round_trip", "hop.again", "hop.at_once",
        "script.run", "script.run.whole", "script.par_for", "script.frame", "script.idle"]  # fmt: skip
# Answers every row with {values}; the sizes come from the command line, as in the real one.
ENGINE = """#!{python}
import json, os, sys
arguments = dict(a[2:].split("=") for a in sys.argv if a.startswith("--") and "=" in a)
assert os.environ["LD_PRELOAD"].endswith("nebula_task_bench_allocator.so")
project = sys.argv[sys.argv.index("--path") + 1]
assert os.path.islink(project + "/nebula_task_bench.so") and os.path.isfile(project + "/bench.gd")
assert open(project + "/.godot/extension_list.cfg").read() == "res://bench.gdextension\\n"
values, allocations = {values}
samples = {{row: dict(values) for row in {rows!r} if not row.startswith("await.allocations")}}
samples.update({{"await.allocations." + kind: {{"nebula": [n]}} for kind, n in allocations.items()}})
growth = {{"await.signal": {{name: {{size: v for size in arguments["sizes"].split(",")}} for name, v in values.items()}}}}
print("bench: row await.signal")
{special}
json.dump({{"engine": "4.6.stub", "samples": samples, "growth": growth}}, open(arguments["out"], "w"))
print("bench: done")
"""
NONE = {"signal": 0, "frame": 0, "timer": 0, "pool_job": 0, "child": 0, "spawn": 0}


class BenchTask(BenchDriver):
    def setUp(self):
        super().setUp()
        self.write({"lib/nebula_task_bench.so": "", "lib/nebula_task_bench_allocator.so": ""})
        self.engine({"nebula": [5, 5, 6], "gdscript": [10, 10, 10]})

    def engine(self, values, special="", **allocations):
        text = ENGINE.format(python=sys.executable, values=repr((values, NONE | allocations)), rows=ROWS, special=special)
        self.write({"engine": text})
        (self.root / "engine").chmod(0o755)

    def command(self):
        return [FOLDER / "bench_task.py", "--engine", self.root / "engine", "--library", self.root / "lib"]

    def test_every_row_is_there_in_the_form_of_the_pools(self):
        rows = self.rows()
        self.assertEqual(ROWS, list(rows))
        row = rows["await.signal"]
        self.assertEqual((5, {"gdscript": 10}, 0.5, "gdscript", True, True),
                         (row["nebula"], row["peers"], row["ratio_to_best"], row["best_peer"], row["met"], row["lower_is_better"]))
        for key in ("id", "unit", "target", "quartiles", "foreign_cores", "note"):
            self.assertIn(key, row)
        for key in ("commit", "machine", "date", "engine", "quick"):
            self.assertTrue(self.report[key])
        self.assertFalse(rows["await.every_frame"]["met"], "5 is not a tenth of 10")
        self.assertEqual([5] * 5, self.report["growth"]["await.signal"]["series"]["nebula"])

    def test_turns_in_which_the_host_was_slow_do_not_count(self):
        self.engine({"nebula": [5, 50, 60, 7], "gdscript": [10, 200, 100, 10]})
        row = self.rows()["await.signal"]
        self.assertEqual((6, {"gdscript": 10}), (row["nebula"], row["peers"]))

    def test_targets_in_nanoseconds_and_ratios_are_judged(self):
        self.engine({"nebula": [61], "gdscript": [61 / 0.6], "raw pool": [50]})
        rows = self.rows()
        self.assertFalse(rows["spawn.finish"]["met"])
        self.assertFalse(rows["await.ready"]["met"])
        self.assertTrue(rows["await.signal"]["met"])
        self.assertFalse(rows["hop.round_trip"]["met"], "1.22 of the raw pool")

    def test_one_kind_of_await_that_allocates_is_enough_to_miss(self):
        self.assertEqual((0, True), tuple(self.rows()["await.allocations"][key] for key in ("nebula", "met")))
        self.engine({"nebula": [1]}, timer=0.5)
        self.assertEqual((0.5, False), tuple(self.rows()["await.allocations"][key] for key in ("nebula", "met")))

    def test_the_pool_that_a_hop_is_built_on_is_not_said_to_be_ahead(self):
        self.engine({"nebula": [5], "raw pool": [4]})
        self.rows()
        ahead = next(line for line in self.said.splitlines() if line.startswith("A peer is ahead"))
        self.assertIn("await.signal", ahead)
        self.assertNotIn("hop.round_trip", ahead)

    def test_the_page_needs_nothing_from_elsewhere_and_has_the_curves(self):
        self.rows()
        page = (self.root / "out/r.html").read_text(encoding="utf-8")
        for outside in ("http:", "https:", "src=", "href=", "@import", "url("):
            self.assertNotIn(outside, page)
        self.assertEqual(len(ROWS) + len(self.report["growth"]), page.count("<section"))
        self.assertIn("<polyline", page)

    def test_what_the_engine_complains_of_ends_the_run(self):
        for special, parts in (
            ('print("bench: no times: it was built with assertions"); sys.exit(1)', ["built with assertions"]),
            ('print("SCRIPT ERROR: no such function"); sys.exit(0)', ["SCRIPT ERROR: no such function", "row await.signal"]),
            ("os.kill(os.getpid(), 9)", ["status -9", "row await.signal"]),
            ('print("bench: done"); sys.exit(0)', ["left no figures"]),
        ):
            self.engine({"nebula": [1]}, special)
            self.assert_ended_with(*parts)

    def test_an_answer_of_an_earlier_run_is_not_taken_for_this_one(self):
        self.rows()
        self.engine({"nebula": [1]}, 'print("bench: done"); sys.exit(0)')
        self.assert_ended_with("left no figures")

    def test_without_the_extension_there_is_nothing_to_run(self):
        (self.root / "lib/nebula_task_bench.so").unlink()
        self.assert_ended_with("nebula_task_bench.so")


class Script(unittest.TestCase):
    """bench.gd and the class it drives: what an engine would only find out while it runs."""

    def test_the_script_calls_no_method_that_the_class_has_not(self):
        script = (FOLDER / "project/bench.gd").read_text(encoding="utf-8")
        bound = (REPOSITORY / "bench/godot/task_bench.cpp").read_text(encoding="utf-8")
        called = set(re.findall(r"_bench\.(\w+)\(", script))
        missing = called - set(re.findall(r'c\.method\(\s*"(\w+)"', bound))
        self.assertEqual(set(), missing)
        self.assertTrue(called)

    def test_the_script_measures_every_row_that_the_driver_judges(self):
        script = (FOLDER / "project/bench.gd").read_text(encoding="utf-8")
        for row in ROWS:
            name = row.removeprefix("await.allocations.")
            self.assertTrue(f'"{name}"' in script or row == "await.allocations", row)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""bench/terrain/bench_terrain.py: what it makes of an engine's answers. The engine is a small stand-in."""
import json
import re
import sys
import unittest

from bench_driver import BenchDriver
from scratch_tree import REPOSITORY

FOLDER = REPOSITORY / "bench/terrain"
sys.path.insert(0, str(REPOSITORY / "bench/shared"))
sys.path.insert(0, str(FOLDER))
import bench_terrain
from scaled import REFERENCE_NS

# Answers its scenario with the file of that name; the scenario comes from the command line, as in the
# real one. A run starts it a dozen times, so it is no Python.
ENGINE = r"""#!/bin/sh
here=${0%/*} fixed=no quick=no before=
for argument; do
    case $argument in
        --scenario=*) scenario=${argument#*=} ;;
        --out=*) out=${argument#*=} ;;
        --fixed-fps*) fixed=yes ;;
        --quick) quick=yes ;;
    esac
    [ "$before" != --path ] || project=$argument
    before=$argument
done
echo "$scenario" >>"$here/started"
case $scenario$fixed$quick in memoryyesyes) ;; memory* | *yesyes | *no) echo "ERROR: wrong arguments" ;; esac
[ -f "$project/bench.gd" ] && [ -f "$project/addons/nebula/bin/libnebula.so" ] || echo "ERROR: no project"
[ "$(cat "$project/.godot/extension_list.cfg")" = res://addons/nebula/nebula.gdextension ] || echo "ERROR: no extension"
echo "bench: scenario $scenario"
SPECIAL
cp "$here/answers/$scenario" "$out"
echo "bench: done"
"""
LOAD = {"seconds": [0.2, 0.1, 0.1], "cpu_seconds": [0.1], "memory": [51], "longest": [9, 5, 4], "longest.net": [3, 3, 1], "utilization": [0.98]}
EDIT = {"call": [0.03, 0.01, 0.02], "committed": [0.1] * 98 + [0.7] * 2, "late": [0.0]}


def row_values(prefix, values):
    return {f"{prefix}.{key}": value for key, value in values.items()}


def answers(**changes):
    values = {f"load.{view}": row_values(f"load.{view}", LOAD) for view in (512, 4096, 16384)}
    values["edit"] = {key: value for name in ("r4", "r8", "r16") for key, value in row_values(f"edit.{name}", EDIT).items()}
    values["far"] = row_values("edit.far", EDIT)
    values["burst"] = row_values("edit.burst", {"calls": [5], "shown": [20], "longest": [11], "longest.net": [11]})
    values["spam"] = row_values("edit.spam", {"backlog": [1, 2], "longest": [3]})
    for speed in ("fly.50", "fly.300"):
        values[speed] = row_values(speed, {"longest": [3], "bare": [0.0, 0.01]})
    values["border"] = row_values("update", {"border": [0.1] * 8 + [0.3] * 2, "border.whole": [1]})
    values["collide"] = {"collide.lag.r4": [1, 2], "collide.lag.r16": [2, 3], "collide.main": [0.5]}
    values["collide.load"] = {"collide.load.1": [1.1], "collide.load.20": [1.4]}
    values["memory"] = {"memory.hour": [0.2]}
    for scenario, change in changes.items():
        values[scenario] = values[scenario] | change
    return values


class BenchTerrain(BenchDriver):
    def setUp(self):
        super().setUp()
        self.write({"addons/nebula/bin/libnebula.so": ""})
        self.machine(REFERENCE_NS)
        self.engine(answers())

    def script(self, path, text):
        self.write({path: text})
        (self.root / path).chmod(0o755)

    def machine(self, nanoseconds):
        self.script("programs/machine_speed", f"#!/bin/sh\necho {nanoseconds} 1 2\n")

    def engine(self, values, special=""):
        for scenario, samples in values.items():
            facts = {"workers": 1, f"in.{scenario}": 1}
            self.write({f"answers/{scenario}": json.dumps({"engine": "4.6.stub", "samples": samples, "facts": facts})})
        self.script("engine", ENGINE.replace("SPECIAL", special))

    def command(self):
        return [FOLDER / "bench_terrain.py", "--engine", self.root / "engine", "--addons", self.root / "addons",
                "--programs", self.root / "programs"]  # fmt: skip

    def test_every_row_is_there_in_the_form_of_the_pools(self):
        rows = self.rows()
        self.assertEqual(["machine.speed", *(row.id for row in bench_terrain.ROWS)], list(rows))
        self.assertEqual([], [row["id"] for row in rows.values() if row["nebula"] is None])
        row = rows["load.512.seconds"]
        self.assertEqual((0.1, {"godot_voxel": 0.76}, "godot_voxel", True, True, "≤ 0.15 s (0.15 at speed 1)"),
                         (row["nebula"], row["peers"], row["best_peer"], row["met"], row["lower_is_better"], row["target"]))
        for key in ("id", "unit", "target", "quartiles", "foreign_cores", "note"):
            self.assertIn(key, row)
        for key in ("commit", "machine", "date", "engine", "quick"):
            self.assertTrue(self.report[key])
        self.assertEqual((1, 1), (self.report["machine"]["speed"], self.report["facts"]["in.fly.300"]))

    def test_scenarios_take_turns_in_engines_of_their_own(self):
        self.rows()
        started = (self.root / "started").read_text(encoding="utf-8").split()
        names = [scenario.name for scenario in bench_terrain.SCENARIOS]
        self.assertEqual([*names, "load.512", "load.4096", "load.16384"], started)

    def test_on_a_machine_of_half_the_speed_times_may_be_twice_as_long(self):
        self.machine(2 * REFERENCE_NS)
        rows = self.rows()
        self.assertEqual("≤ 0.3 s (0.15 at speed 1)", rows["load.512.seconds"]["target"])
        self.assertEqual({"godot_voxel": 1.52}, rows["load.512.seconds"]["peers"])
        self.assertEqual(("≤ 50 MB", {"godot_voxel": 194}, False), tuple(rows["load.512.memory"][key] for key in ("target", "peers", "met")))
        self.assertEqual({"godot_voxel": 17.2}, rows["edit.r8.p50"]["peers"], "a frame is a frame")

    def test_which_of_the_samples_is_judged(self):
        self.engine(answers(edit={"edit.r4.late": [0.0, 0.005, 0.0]}))
        rows = self.rows()
        self.assertEqual((0.02, True), (rows["edit.r4.call"]["nebula"], rows["edit.r4.call"]["met"]), "the median")
        self.assertEqual((0.1, 0.7), (rows["edit.r4.p50"]["nebula"], rows["edit.r4.p99"]["nebula"]))
        self.assertEqual((0.005, False), (rows["edit.r4.late"]["nebula"], rows["edit.r4.late"]["met"]), "the worst")
        self.assertEqual((2, False), (rows["edit.spam.backlog"]["nebula"], rows["edit.spam.backlog"]["met"]), "the worst")
        self.assertEqual((0.01, False), (rows["fly.50.bare"]["nebula"], rows["fly.50.bare"]["met"]), "the worst")
        self.assertEqual((0.01, True), (rows["fly.300.bare"]["nebula"], rows["fly.300.bare"]["met"]), "it has no target")
        self.assertEqual((True, False), (rows["update.border"]["met"], rows["update.border.p90"]["met"]))

    def test_more_utilization_is_better(self):
        row = self.rows()["utilization"]
        self.assertEqual((0.98, True, False), (row["nebula"], row["met"], row["lower_is_better"]))
        self.engine(answers(**{"load.16384": {"load.16384.utilization": [0.96]}}))
        self.assertFalse(self.rows()["utilization"]["met"])

    def test_a_long_frame_says_how_long_it_was_without_waiting(self):
        row = self.rows()["load.512.longest"]
        self.assertEqual(5, row["nebula"])
        self.assertIn("waited for a CPU: 3 ms", row["note"])

    def test_what_the_engine_complains_of_ends_the_run(self):
        for special, parts in (
            ("echo bench: the terrain did not load; exit 1", ["the terrain did not load", "load.512"]),
            ("echo SCRIPT ERROR: no such function; exit 0", ["SCRIPT ERROR: no such function", "load.512"]),
            ("echo ERROR: a leak", ["ERROR: a leak"]),
            ("kill -9 $$", ["status -9"]),
            ("echo bench: done; exit 0", ["left no figures"]),
        ):
            self.engine(answers(), special)
            self.assert_ended_with(*parts)

    def test_an_answer_of_an_earlier_run_is_not_taken_for_this_one(self):
        self.rows()
        self.engine(answers(), "echo bench: done; exit 0")
        self.assert_ended_with("left no figures")

    def test_without_the_add_on_there_is_nothing_to_run(self):
        (self.root / "addons/nebula/bin/libnebula.so").unlink()
        self.assert_ended_with("libnebula.so")

    def test_the_page_needs_nothing_from_elsewhere(self):
        self.rows()
        page = (self.root / "out/r.html").read_text(encoding="utf-8")
        for outside in ("http:", "https:", "src=", "href=", "@import", "url("):
            self.assertNotIn(outside, page)
        self.assertEqual(1 + len(bench_terrain.ROWS), page.count("<section"))


class Script(unittest.TestCase):
    """bench.gd: what an engine would only find out while it runs."""

    def setUp(self):
        self.script = (FOLDER / "project/bench.gd").read_text(encoding="utf-8")

    def test_the_script_has_every_scenario(self):
        for scenario in bench_terrain.SCENARIOS:
            self.assertIn(f'"{scenario.name}": ', self.script)

    def test_the_script_calls_no_method_that_the_node_has_not(self):
        folder = REPOSITORY / "nebula/godot/voxel"
        bound = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("voxel_terrain*.cpp")))
        known = set(re.findall(r'(?:c\.(?:method|property|signal)\(|row<)\s*"(\w+)"', bound))
        used = set(re.findall(r"_terrain\.(\w+)", self.script)) - {"new", "has_method", "call"}
        self.assertEqual(set(), used - known)
        self.assertTrue(used)


if __name__ == "__main__":
    unittest.main()

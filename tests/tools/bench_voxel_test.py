# SPDX-License-Identifier: MIT
"""bench/voxel/bench_voxel.py: what it makes of the programs' answers. The programs are small stand-ins."""
import json
import re
import sys
import unittest

from bench_driver import BenchDriver
from scratch_tree import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "bench/shared"))
sys.path.insert(0, str(REPOSITORY / "bench/voxel"))
import bench_voxel
from scaled import REFERENCE_NS

ROWS = ["machine.speed", "mesh.plane", "mesh.sphere", "mesh.gyroid", "mesh.plane.floor", "mesh.plane.strips", "mesh.materials", "mesh.empty",
        "greedy.plane", "greedy.sphere", "greedy.gyroid", "greedy.62", "gather.edited", "gather.pristine", "noise.height.6", "noise.overhang", "edit.apply.r4", "edit.apply.r8", "edit.apply.r16",
        "save.10k", "save.10k.owner", "save.10k.bytes", "open.1M", "open.1M.memory", "ray.cast", "mover.cast", "island.find", "island.find.longest",
        "brush.box", "brush.capsule", "brush.big", "brush.big.span"]  # fmt: skip
# Answers those of its benchmarks that the filter wants, as Google Benchmark does. A run starts it dozens
# of times, so it is no Python.
PROGRAM = r"""#!/bin/sh
for argument; do
    case $argument in
        --benchmark_format=json) ;;
        --benchmark_filter=*) export FILTER="${argument#*=}" ;;
        --benchmark_format=*) exit 2 ;;
    esac
done
SPECIAL
awk -F '\t' 'BEGIN { printf "{\"context\": {}, \"benchmarks\": [" }
    $1 ~ ENVIRON["FILTER"] { printf "%s%s", comma, $2; comma = ", " }
    END { print "]}" }' <<'END'
BENCHMARKS
END
"""


def benchmark(name, cpu_time, unit="us", **more):
    return {"name": name, "family_index": 0, "iterations": 9, "real_time": 1000, "cpu_time": cpu_time, "time_unit": unit, **more}


MESHES = [benchmark("mesh.plane", 10, triangles=4726.0), benchmark("mesh.plane.copy", 5000, "ns"), benchmark("mesh.plane.strips", 14),
          benchmark("mesh.hills", 10), benchmark("mesh.materials", 12), benchmark("mesh.slope", 1), *(benchmark(f"mesh.{name}", 17) for name in ("sphere", "gyroid", "empty"))]  # fmt: skip
FIELDS = [benchmark("gather.edited", 4.0004), benchmark("gather.pristine/manual_time", 40, us_beyond=0.5),
          *(benchmark(f"edit.apply.{r}/iterations:200/manual_time", 9, real_time=50) for r in ("r4", "r8", "r16")),
          benchmark("brush.box", 9), benchmark("brush.capsule", 9), benchmark("brush.big", 9, "ms", span_ms=2.0)]  # fmt: skip
STORE = [benchmark("save.10k/iterations:1", 400, "ms", owner_ms=0.3, bytes_per_brick=800.0), benchmark("open.1M/iterations:1", 9, "ms", MB=8.0)]
BLOCKS = [benchmark(f"greedy.{name}", 20) for name in ("plane", "sphere", "gyroid", "62", "plane.types")]
NOISE = [benchmark("noise.height.6", 32.768), benchmark("noise.overhang", 3.2768, "ms"), benchmark("ray.cast", 1), benchmark("mover.cast", 1), benchmark("island.find", 60, longest_us=200.0)]


class BenchVoxel(BenchDriver):
    def setUp(self):
        super().setUp()
        self.machine(REFERENCE_NS)
        self.program("smooth_mesher_bench", MESHES)
        self.program("blocky_mesher_bench", BLOCKS)
        self.program("field_bench", FIELDS)
        self.program("world_bench", NOISE)
        self.program("store_bench", STORE)

    def script(self, path, text):
        self.write({path: text})
        (self.root / path).chmod(0o755)

    def machine(self, nanoseconds):
        self.script("programs/machine_speed", f"#!/bin/sh\necho {nanoseconds} 1 2\n")

    def program(self, name, benchmarks, special=""):
        lines = "\n".join(f"{b['name']}\t{json.dumps(b)}" for b in benchmarks)
        self.script(f"programs/voxel/{name}", PROGRAM.replace("SPECIAL", special).replace("BENCHMARKS", lines))

    def command(self):
        return [REPOSITORY / "bench/voxel/bench_voxel.py", "--programs", self.root / "programs"]

    def test_every_row_is_there_in_the_form_of_the_pools(self):
        rows = self.rows()
        self.assertEqual(ROWS, list(rows))
        row = rows["mesh.plane"]
        self.assertEqual((10, {"godot_voxel": 191}, "godot_voxel", True, True, "≤ 16 µs (16 at speed 1)"),
                         (row["nebula"], row["peers"], row["best_peer"], row["met"], row["lower_is_better"], row["target"]))
        for key in ("id", "unit", "target", "quartiles", "foreign_cores", "note"):
            self.assertIn(key, row)
        for key in ("commit", "machine", "date", "quick"):
            self.assertTrue(self.report[key])
        self.assertEqual(1, self.report["machine"]["speed"])

    def test_figures_that_are_made_of_others(self):
        rows = self.rows()
        self.assertEqual((2, True), (rows["mesh.plane.floor"]["nebula"], rows["mesh.plane.floor"]["met"]))
        self.assertEqual((1.4, False), (rows["mesh.plane.strips"]["nebula"], rows["mesh.plane.strips"]["met"]))
        self.assertEqual(0.5, rows["gather.pristine"]["nebula"], "the counter, not the time")
        self.assertEqual((1, False), (rows["noise.height.6"]["nebula"], rows["noise.height.6"]["met"]), "per sample")
        self.assertEqual(100, rows["noise.overhang"]["nebula"], "milliseconds, too")
        self.assertEqual(50, rows["edit.apply.r8"]["nebula"], "manual time is in real_time")

    def test_a_figure_is_judged_as_it_is_shown(self):
        self.assertEqual((4, True), tuple(self.rows()["gather.edited"][key] for key in ("nebula", "met")))

    def test_on_a_machine_of_half_the_speed_times_may_be_twice_as_long(self):
        self.machine(2 * REFERENCE_NS)
        rows = self.rows()
        self.assertEqual((0.5, False), (rows["machine.speed"]["nebula"], rows["machine.speed"]["lower_is_better"]))
        self.assertEqual(0.5, self.report["machine"]["speed"])
        row = rows["mesh.plane"]
        self.assertEqual((10, {"godot_voxel": 382}, "≤ 32 µs (16 at speed 1)"), (row["nebula"], row["peers"], row["target"]))
        row = rows["greedy.62"]
        self.assertEqual(({"published": 74}, None), (row["peers"], row["best_peer"]), "it was measured on another machine")
        self.assertTrue(rows["noise.height.6"]["met"], "1 ns at half the speed is 0.5")
        self.assertFalse(rows["mesh.plane.strips"]["met"], "a ratio is a ratio")

    def test_a_benchmark_that_is_wrong_ends_the_run(self):
        self.program("field_bench", [benchmark("gather.edited", 0, error_occurred=True, error_message="wrong samples")])
        self.assert_ended_with("gather.edited", "wrong samples")

    def test_a_program_without_figures_ends_the_run(self):
        for special, parts in (
            ("echo no times from a build with assertions >&2; exit 1", ["field_bench", "status 1", "with assertions"]),
            ("echo {}; exit 0", ["field_bench", "no figures"]),
        ):
            self.program("field_bench", FIELDS, special)
            self.assert_ended_with(*parts)

    def test_a_row_without_its_benchmark_is_empty(self):
        self.program("world_bench", NOISE[:1])
        row = self.rows()["noise.overhang"]
        self.assertEqual((None, False), (row["nebula"], row["met"]))
        self.assertIn("Nebula has no figure for noise.overhang", self.said)

    def test_without_a_program_there_is_nothing_to_run(self):
        (self.root / "programs/machine_speed").unlink()
        self.assert_ended_with("machine_speed", "build")
        (self.root / "programs/voxel/field_bench").unlink()
        self.assert_ended_with("field_bench")

    def test_the_page_needs_nothing_from_elsewhere(self):
        self.rows()
        page = (self.root / "out/r.html").read_text(encoding="utf-8")
        for outside in ("http:", "https:", "src=", "href=", "@import", "url("):
            self.assertNotIn(outside, page)
        self.assertEqual(len(ROWS), page.count("<section"))
        self.assertEqual(1, page.count("higher is better"))


class Programs(unittest.TestCase):
    """The programs' sources: what a run would only find out at its end."""

    def test_the_programs_have_every_benchmark_that_a_row_needs(self):
        sources = {name: (REPOSITORY / f"bench/voxel/{name}.cpp").read_text(encoding="utf-8") for name in bench_voxel.PROGRAMS}
        names = {name for text in sources.values() for name in re.findall(r'"((?:mesh|gather|noise|greedy|ray|mover|island|brush|save|open)\.[\w.]+)"', text)}
        self.assertIn('"edit.apply.r"', sources["field_bench"])
        self.assertIn('"greedy."', sources["blocky_mesher_bench"])
        names |= {f"greedy.{name}" for name in re.findall(r'\{"([\w.]+)", 0x', sources["blocky_mesher_bench"])}
        names |= {f"edit.apply.r{radius}" for radius in (4, 8, 16)}
        needed = {part for row in bench_voxel.ROWS for part in (row.of, row.by) if isinstance(part, str)}
        counters = {"gather.pristine.us_beyond", "save.10k.owner_ms", "save.10k.bytes_per_brick", "open.1M.MB", "brush.big.span_ms", "island.find.longest_us"}
        self.assertEqual(counters, needed - names)
        for name in needed & names:
            self.assertTrue(any(re.search(wanted, name) or re.search(wanted, name + "/") for wanted in bench_voxel.PROGRAMS.values()), name)


if __name__ == "__main__":
    unittest.main()

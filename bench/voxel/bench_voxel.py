#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the voxel benchmarks in turns and judges every row by its target.

    bench_voxel.py --programs FOLDER --json FILE --html FILE [--quick]

FOLDER holds machine_speed and voxel/*_bench, which are programs of Google Benchmark. What the rows mean
and how to read them: README.md in this folder.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
import report
import scaled
from measure import ForeignLoad, arguments, die, median, publish
from scaled import PROGRAM, Row, Speed, first_quartile

ROUNDS = (6, 30)  # quick, full
SECONDS = 0.02  # of a benchmark in a round
RUN_TIMEOUT = 120  # seconds; a run takes about one

# Which benchmarks of which program are rows, or are needed for one.
PROGRAMS = {
    "smooth_mesher_bench": r"^mesh\.(empty|plane|sphere|gyroid|hills|plane\.strips|plane\.copy|materials)$",
    "blocky_mesher_bench": r"^greedy\.(plane|sphere|gyroid|62)$",
    "field_bench": r"^(gather|edit\.apply|brush)\.",
    "world_bench": r"^(noise\.(height\.6|overhang)|ray\.cast|mover\.cast|island\.find)$",
    "store_bench": r"^(save\.10k|open\.1M)/",
}
# A run writes a gigabyte first, so there are fewer: quick, full.
ROUNDS_OF = {"store_bench": (1, 3)}

GROUPS = [
    ("machine", "The machine", "How fast it was during this run."),
    ("mesh", "Smooth meshes", "A chunk of 32³ cells, one thread, warm buffers."),
    ("greedy", "Meshes of blocks", "A chunk of 32³ blocks of one type with ambient occlusion, one thread, warm buffers."),
    ("gather", "Filling a block", "The 35³ samples that a chunk's mesh needs, one thread."),
    ("noise", "Noise", "32³ samples that the surface passes through, one thread."),
    ("save", "Saving", "10 000 bricks of hills that no file has yet, by one thread that encodes and writes."),
    ("open", "Opening", "A world file of 10⁶ bricks, 0.9 GB, until the samples of the first chunk are there."),
    ("edit", "Edits", "World::apply on its own: samples on all levels, no meshes."),
    ("ray", "Rays", "Raycaster::cast over hills whose bricks are stored."),
    ("mover", "Sweeps", "Mover::sweep over the same hills."),
    ("island", "Islands", "IslandSearch after digs of a radius of 4, among 10⁵ edited bricks."),
    ("brush", "Brushes", "As edits, with other shapes; and large ones, which workers make."),
]

PEER = "godot_voxel"
MESHER = "godot_voxel: its native mesher, smallest of 25 samples on the reference machine, 16-bit samples, no strips."
CUBES = "godot_voxel: its native cubes mesher, greedy, no ambient occlusion, smallest of 25 samples on the reference machine."
PUBLISHED = "62³ blocks, beside the fastest figure published for that size."
ELSEWHERE = {"published": "it was measured on a Ryzen 3800X, without ambient occlusion and from bits instead of ids"}
NOISE = "Peers' figures are of blocks of 32³ voxels on the reference machine. "
OVERHANG = ("Six octaves of height and two of overhangs. Peers: two octaves of 3D noise in a graph, as measured on a machine "
            "with AVX2 of half the speed, times that speed.")  # fmt: skip


class Benched(Row):
    """A figure of one benchmark, or one made of several."""

    def __init__(self, id, unit, limit, note="", *, of=None, by=None, **more):
        super().__init__(id, unit, limit, note, statistic=first_quartile, **more)
        self.of = of or id
        self.by = by  # a number, or the benchmark whose time divides ours

    def values(self, samples):
        """Of its turns. The divisor is the one of the same turn, so both had the same machine."""
        ours = samples.get(self.of, [])
        if isinstance(self.by, str):
            return [value / divisor for value, divisor in zip(ours, samples.get(self.by, []), strict=False)]
        return [value / (self.by or 1) for value in ours]


SAMPLES_OF_NOISE = 32**3 / 1000  # what turns microseconds into nanoseconds per sample
ROWS = [
    Benched("mesh.plane", "µs", 16, MESHER, peers={PEER: 191}),
    Benched("mesh.sphere", "µs", 18, MESHER, peers={PEER: 195}),
    Benched("mesh.gyroid", "µs", 60, MESHER, peers={PEER: 524}),
    Benched("mesh.plane.floor", "× copy", 3, "mesh.plane over a copy that reads as many bytes as the block has and writes as "
            "many as the mesh has.", of="mesh.plane", by="mesh.plane.copy", is_time=False),
    Benched("mesh.plane.strips", "× plane", 1.35, "With a strip on every face, over mesh.plane.", by="mesh.plane", is_time=False),
    Benched("mesh.materials", "× one", 1.25, "Hills of four materials, over the same hills of one.", by="mesh.hills", is_time=False),
    Benched("mesh.empty", "µs", 0.5, "A block of air that nothing else knows to be air. " + MESHER, peers={PEER: 87}),
    Benched("greedy.plane", "µs", 18, CUBES, peers={PEER: 598}),
    Benched("greedy.sphere", "µs", 18, CUBES, peers={PEER: 591}),
    Benched("greedy.gyroid", "µs", 55, CUBES, peers={PEER: 899}),
    Benched("greedy.62", "µs", 80, PUBLISHED, peers={"published": 74}, scales_peers=False, not_best=ELSEWHERE),
    Benched("gather.edited", "µs", 4, "From 64 bricks, none of them uniform."),
    Benched("gather.pristine", "µs", 1, "From the generator: what the gather takes beyond the generator's own time.",
            of="gather.pristine.us_beyond"),
    Benched("noise.height.6", "ns", 0.7, "Per sample. " + NOISE + "FastNoise2 has AVX-512 and is not in their extension.",
            by=SAMPLES_OF_NOISE, peers={f"{PEER}'s Noise2D": 5.8, f"{PEER}'s graph": 52, "the graph, FastNoise2": 1.6}),
    Benched("noise.overhang", "ns", 8, "Per sample. " + OVERHANG, by=SAMPLES_OF_NOISE,
            peers={"the graph, FastNoise2": 6.2, "the graph, FastNoiseLite": 39}),
    Benched("edit.apply.r4", "µs", 30, "The target is that of the whole call in a script, edit.r4.call of ./run bench terrain."),
    Benched("edit.apply.r8", "µs", 60, "As edit.apply.r4."),
    Benched("edit.apply.r16", "µs", 250, "As edit.apply.r4."),
    Benched("save.10k", "ms", 600, "Until the save is durable.", by=1000),
    Benched("save.10k.owner", "ms", 0.5, "The longest call on the owner thread.", of="save.10k.owner_ms"),
    Benched("save.10k.bytes", "B", 1200, "Of the file, per brick.", of="save.10k.bytes_per_brick", is_time=False),
    Benched("open.1M", "ms", 300, "With a chunk's block gathered from 64 bricks of it.", by=1000),
    Benched("open.1M.memory", "MB", 40, "What the process has more than before.", of="open.1M.MB", is_time=False),
    Benched("ray.cast", "µs", 2, "100 voxels, low over the ground, which it meets."),
    Benched("mover.cast", "µs", 3, "A capsule of human size that stands on the ground and walks a voxel."),
    Benched("island.find", "µs", 500, "What came off, on average over 64 digs."),
    Benched("island.find.longest", "µs", 500, "The longest of them.", of="island.find.longest_us"),
    Benched("brush.box", "µs", 400, "A turned box of about the volume of edit.apply.r8's sphere."),
    Benched("brush.capsule", "µs", 400, "A path of two segments, of a similar volume."),
    Benched("brush.big", "ms", 1000, "A dig with a radius of 256, from the call to its publication; two workers, wall time.", by=1000),
    Benched("brush.big.span", "ms", 4, "The owner thread's longest call meanwhile.", of="brush.big.span_ms"),
]  # fmt: skip

MICROSECONDS = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}


class Bench:
    def __init__(self, programs, quick, progress):
        self.folder = programs
        self.quick = quick
        self.progress = progress
        self.speed = Speed(programs / PROGRAM)
        self.samples = {}  # {benchmark, or benchmark.counter: [value]}, times in microseconds
        self.foreign = []

    def run_all(self):
        for name in PROGRAMS:
            if not (self.folder / "voxel" / name).is_file():
                die(f"there is no {self.folder}/voxel/{name}; build the preset release with -DNEBULA_BUILD_BENCH=ON")
        rounds = ROUNDS[not self.quick]
        for number in range(rounds):
            self.progress.row(number, rounds, "all rows in turn")
            others = ForeignLoad()
            for name, wanted in PROGRAMS.items():
                if number >= ROUNDS_OF.get(name, ROUNDS)[not self.quick]:
                    continue
                self.progress.step(number + 1, rounds, name)
                self.speed.read()
                self.take(self.run(name, wanted))
            self.speed.read()
            self.foreign.append(others.cores())
        self.progress.end()

    def run(self, name, wanted):
        command = [self.folder / "voxel" / name, f"--benchmark_filter={wanted}", f"--benchmark_min_time={SECONDS}",
                   "--benchmark_format=json"]  # fmt: skip
        try:
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=False)
            found = json.loads(result.stdout)["benchmarks"]
        except subprocess.TimeoutExpired:
            die(f"{name} did not end within {RUN_TIMEOUT} s")
        except (json.JSONDecodeError, KeyError):
            die(f"{name} gave no figures and ended with status {result.returncode}: {result.stderr.strip()}")
        if result.returncode != 0:
            die(f"{name} ended with status {result.returncode}")
        return found

    def take(self, found):
        known = {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations",
                 "real_time", "cpu_time"}  # fmt: skip
        for benchmark in found:
            name, *how = benchmark["name"].split("/")
            if benchmark.get("error_occurred"):
                die(f"the benchmark {name} is wrong: {benchmark['error_message']}")
            clock = "real_time" if "manual_time" in how else "cpu_time"
            self.samples.setdefault(name, []).append(benchmark[clock] * MICROSECONDS[benchmark["time_unit"]])
            for key, value in benchmark.items():
                if key not in known and isinstance(value, (int, float)) and not isinstance(value, bool):
                    self.samples.setdefault(f"{name}.{key}", []).append(value)

    def result(self, seconds):
        speed, foreign = self.speed.value(), median(self.foreign)
        rows = [row.entry(row.values(self.samples), speed, foreign) for row in ROWS]
        return scaled.result(self.speed, self.quick, seconds, rows)


def main():
    parser = argparse.ArgumentParser(description="What a chunk, its samples and an edit cost.")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of machine_speed and voxel/")
    options = arguments(parser, "few rounds")

    started = time.monotonic()
    bench = Bench(options.programs.resolve(), options.quick, report.Progress(sys.stdout))
    bench.run_all()
    result = bench.result(time.monotonic() - started)
    page = report.page(result, "What a chunk, its samples and an edit cost", GROUPS)
    publish(options, result, page, report.table(result, colour=sys.stdout.isatty()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs VoxelTerrain through its scenarios in a real engine and judges every row by its target.

    bench_terrain.py --engine COMMAND --addons FOLDER --programs FOLDER --json FILE --html FILE [--quick]

FOLDER of --addons holds nebula/, the add-on as a game has it; that of --programs holds machine_speed.
Each scenario is an engine of its own, and the scenarios take turns, round by round. What the rows mean
and how to read them: README.md in this folder.
"""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
import report
import scaled
from engine_run import make_project, run
from measure import arguments, die, median, percentile, publish
from scaled import PROGRAM, Row, Speed

RUN_TIMEOUT = 300  # seconds; the longest scenario takes about seventy


class Scenario:
    r"""\param rounds  Starts of the engine, in a quick and in a full run."""

    def __init__(self, name, rounds=(1, 3), arguments=()):
        self.name = name
        self.rounds = rounds
        self.arguments = arguments


SCENARIOS = [
    Scenario("load.512", (2, 7)),
    Scenario("load.4096", (2, 7)),
    Scenario("load.16384", (2, 7)),
    Scenario("edit"),
    Scenario("far"),
    Scenario("burst"),
    Scenario("spam"),
    Scenario("fly.50"),
    Scenario("fly.300"),
    Scenario("border"),
    Scenario("collide"),
    Scenario("collide.load"),
    # Frames as fast as the engine makes them, each for a 60th of a second.
    Scenario("memory", (1, 1), ("--fixed-fps", "60")),
]

GROUPS = [
    ("machine", "The machine", "How fast it was during this run."),
    ("load", "Loading", "From adding the terrain to the tree until all is shown; 60 frames per second, hills, full detail up to 128 voxels."),
    ("edit", "Digging", "60 frames per second; milliseconds of the main thread."),
    ("fly", "Flying", "View of 4096 voxels, digging ten times a second."),
    ("update", "Borders", "The viewer moves by one chunk, view of 4096 voxels."),
    ("collide", "Collision", "Jolt Physics, 60 ticks and 60 frames per second, hills."),
    ("memory", "Memory", "Laps of one circle."),
    ("utilization", "Workers", "Share of the time in which each worker is busy while chunks wait for one; the idlest worker."),
]

PEER = "godot_voxel"
LOD = "Peer: VoxelLodTerrain, Transvoxel, 32³ meshes, lod_distance 128, two workers; the same hills."


class Measured(Row):
    """A figure of one list of samples."""

    def __init__(self, id, unit, limit=None, note="", *, of=None, **more):
        super().__init__(id, unit, limit, note, **more)
        self.of = of or id

    def entry_from(self, samples, speed, foreign):
        entry = self.entry(samples.get(self.of, []), speed, foreign)
        net = samples.get(f"{self.of}.net")
        if net:
            entry["note"] = f"{entry['note']} Without the time in which the main thread waited for a CPU: {report.number(self.statistic(net))} ms.".strip()
        return entry


def load_rows(view, seconds, cpu_seconds, memory, longest, peers):
    row = f"load.{view}"
    note = LOD if peers else ""
    peers = dict(zip(("seconds", "cpu_seconds", "memory", "longest"), peers, strict=False))
    of_peer = {key: {PEER: value} for key, value in peers.items()}
    return [
        Measured(f"{row}.seconds", "s", seconds, note, peers=of_peer.get("seconds")),
        Measured(f"{row}.cpu_seconds", "s", cpu_seconds, f"{note} All threads.".strip(), peers=of_peer.get("cpu_seconds")),
        Measured(f"{row}.memory", "MB", memory, f"{note} The most that the process had, over the empty scene.".strip(),
                 is_time=False, peers=of_peer.get("memory")),
        Measured(f"{row}.longest", "ms", longest, f"{note} Main thread.".strip(), peers=of_peer.get("longest")),
    ]  # fmt: skip


def edit_rows(name, call=None, p50=None, p99=None, peers=None, committed=None):
    row = f"edit.{name}"
    next_frame = f"Peer: 60 frames per second; its edits appear in the next frame. {PEER}'s LOD terrain, 32³." if committed else ""
    one_call = f"Peer: do_sphere of {PEER}'s LOD terrain." if peers else ""
    p50_peer, p99_peer = committed or (None, None)
    return [
        Measured(f"{row}.call", "ms", call, one_call, peers=peers and {PEER: peers}),
        Measured(f"{row}.p50", "ms", p50, f"From the call until it is on the screen. {next_frame}".strip(), of=f"{row}.committed",
                 peers=p50_peer and {PEER: p50_peer}, scales_peers=False),
        Measured(f"{row}.p99", "ms", p99, next_frame, of=f"{row}.committed", statistic=percentile(0.99),
                 peers=p99_peer and {PEER: p99_peer}, scales_peers=False),
        Measured(f"{row}.late", "share", 0, "Of the edits: those that were not shown in the frame of their call; the worst engine.",
                 is_time=False, statistic=max),
    ]  # fmt: skip


BURST = "Two hundred spheres of 8 m in one frame. Peer: its LOD terrain, measured on a machine of half the speed, times that speed."
ROWS = [
    *load_rows(512, 0.15, 0.15, 50, 4, (0.76, 1.3, 194, 40)),
    *load_rows(4096, 0.35, 0.4, 90, 4, ()),
    *load_rows(16384, 0.6, 0.7, 120, 4, ()),
    *edit_rows("r4", 0.03, 0.2, 0.6),
    *edit_rows("r8", 0.06, 0.35, 1.0, peers=0.18, committed=(17.2, 17.7)),
    *edit_rows("r16", 0.25, 1.2, 3),
    *edit_rows("far"),
    Measured("edit.burst.calls", "ms", 8, BURST, peers={PEER: 46}),
    Measured("edit.burst.shown", "ms", 30, f"From the first call until all are shown. {BURST}", peers={PEER: 129}),
    Measured("edit.burst.longest", "ms", 12, BURST, peers={PEER: 48}),
    Measured("edit.spam.backlog", "frames", 1, "A dig in each frame, for ten seconds of loading: frames from a dig to its picture, the most.",
             is_time=False, statistic=max),
    Measured("edit.spam.longest", "ms"),
    Measured("fly.50.longest", "ms", 4),
    Measured("fly.50.bare", "share", 0, "Of the frames: those in which the ground under the viewer is not shown in full detail.",
             is_time=False, statistic=max),
    Measured("fly.300.longest", "ms", 4),
    Measured("fly.300.bare", "share", None, "As fly.50.bare.", is_time=False, statistic=max),
    Measured("update.border", "ms", 0.2, "The longest update of a crossing, without waiting for a CPU; the median of the crossings."),
    Measured("update.border.p90", "ms", 0.2, "The same, of nine crossings in ten.", of="update.border", statistic=percentile(0.9)),
    Measured("update.border.whole", "ms", None, "All updates of a crossing, until all is loaded."),
    Measured("collide.lag.r4", "ticks", 2, "From a dig under a standing body until the physics engine has the new shape there; "
             "99 of 100.", is_time=False, statistic=percentile(0.99)),
    Measured("collide.lag.r16", "ticks", 2, "As collide.lag.r4.", is_time=False, statistic=percentile(0.99)),
    Measured("collide.main", "ms", 1, "Main thread, per frame, digging in each of them among twenty bodies; 99 of 100.",
             statistic=percentile(0.99)),
    Measured("collide.load.1", "× bare", 1.15, "Loading 512 voxels and the ground around a body, over loading without one.",
             is_time=False),
    Measured("collide.load.20", "× bare", 1.5, "The same with twenty bodies.", is_time=False),
    Measured("memory.hour", "MB", 0.5, "Growth after the first of twelve laps at 50 m/s; the limit is what the allocator's pages may differ by.",
             is_time=False),
    Measured("utilization", "share", 0.97, "While loading a view of 16 384 voxels.", of="load.16384.utilization", is_time=False, at_least=True),
]  # fmt: skip


class Bench:
    def __init__(self, options, progress):
        self.engine = options.engine
        self.addons = options.addons.resolve()
        self.folder = options.programs.resolve() / "terrain/project"
        self.quick = options.quick
        self.progress = progress
        self.speed = Speed(options.programs.resolve() / PROGRAM)
        self.version = None
        self.samples = {}  # {row: [value]}
        self.facts = {}
        self.foreign = []

    def run_all(self):
        self.make_project()
        rounds = max(scenario.rounds[not self.quick] for scenario in SCENARIOS)
        for number in range(rounds):
            self.progress.row(number, rounds, "all scenarios in turn")
            for scenario in SCENARIOS:
                if number < scenario.rounds[not self.quick]:
                    self.progress.step(number + 1, rounds, scenario.name)
                    self.speed.read()
                    self.take(self.run(scenario))
        self.speed.read()
        self.progress.end()

    def make_project(self):
        """The project of this folder with the add-on in it."""
        if not (self.addons / "nebula/bin/libnebula.so").is_file():
            die(f"there is no {self.addons}/nebula/bin/libnebula.so; build the target nebula_godot of the preset release")
        source = pathlib.Path(__file__).resolve().parent / "project"
        make_project(source, self.folder, "addons/nebula/nebula.gdextension", {"addons": self.addons})

    def run(self, scenario):
        words = [f"--scenario={scenario.name}", *(["--quick"] if self.quick else [])]
        answer, foreign = run(self.engine, self.folder, scenario.arguments, words, RUN_TIMEOUT,
                              what=f" in the scenario {scenario.name}")  # fmt: skip
        self.foreign.append(foreign)
        return answer

    def take(self, answer):
        self.version = answer["engine"]
        self.facts.update(answer["facts"])
        for row, values in answer["samples"].items():
            self.samples.setdefault(row, []).extend(values)

    def result(self, seconds):
        speed, foreign = self.speed.value(), median(self.foreign)
        rows = [row.entry_from(self.samples, speed, foreign) for row in ROWS]
        return scaled.result(self.speed, self.quick, seconds, rows, engine=self.version, facts=self.facts)


def main():
    parser = argparse.ArgumentParser(description="VoxelTerrain in an engine: loading, digging, flying.")
    parser.add_argument("--engine", required=True, help="command that starts Godot")
    parser.add_argument("--addons", type=pathlib.Path, required=True, help="folder of the add-on")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of machine_speed")
    options = arguments(parser, "fewer engines, shorter scenarios")

    started = time.monotonic()
    bench = Bench(options, report.Progress(sys.stdout))
    bench.run_all()
    result = bench.result(time.monotonic() - started)
    page = report.page(result, "A terrain in the engine", GROUPS)
    publish(options, result, page, report.table(result, colour=sys.stdout.isatty()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

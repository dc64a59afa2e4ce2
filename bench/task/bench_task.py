#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs Nebula's tasks beside GDScript's coroutines in one engine and judges every row by its target.

    bench_task.py --engine COMMAND --library FOLDER --json FILE --html FILE [--quick]

FOLDER holds nebula_task_bench.so and nebula_task_bench_allocator.so. Contenders take turns inside
the engine, sample by sample; a full run starts the engine three times. What the rows mean and how
to read them: README.md in this folder.
"""
import argparse
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
import report
from engine_run import make_project, run
from measure import arguments, at_most, die, facts, first_line, judge, median, publish, quartiles, rounded

LIBRARY = "nebula_task_bench.so"
ALLOCATOR = "nebula_task_bench_allocator.so"
RUN_TIMEOUT = 300  # seconds; a full run takes about one minute in each engine
SIZES = [10, 100, 1000, 10_000, 100_000]
ENGINES = (1, 3)  # quick, full
SAMPLES = (4, 12)  # of a row, in each engine

GROUPS = [
    ("await", "Waiting", "Per await, beside a GDScript coroutine that awaits the same."),
    ("spawn", "Starting", "A task that ends without waiting, beside the call of a coroutine that does not wait."),
    ("hop", "To a worker and back", "An empty job, beside the same job without a task and one pump."),
    ("script", "Functions of scripts on workers", "Nebula.run() and par_for(), beside the engine's WorkerThreadPool."),
]


class Row:
    """A figure. `met` sees our value, the best peer's and all peers'; rows without a target tell only."""

    def __init__(self, id, unit, target="", met=None, note="", baseline=False):
        self.id = id
        self.unit = unit
        self.target = target
        self.met = met or (lambda ours, best, peers: True)
        self.note = note
        self.baseline = baseline  # the peer is what ours is built on
        self.floor = 0.0
        self.not_best = {}


def quiet_half(samples):
    """Of turns in which every contender gave one sample, those with the least time in all: the host slows down whole
    turns, and two medians over all of them may be of two speeds."""
    turns = list(zip(*samples.values(), strict=False))
    if len(samples) < 2 or any(len(values) != len(turns) for values in samples.values()):
        return samples  # not in turns
    kept = sorted(turns, key=sum)[: (len(turns) + 1) // 2]
    return {name: [turn[i] for turn in kept] for i, name in enumerate(samples)}


def share_of(peer, share):
    return lambda ours, best, peers: peer in peers and ours <= share * peers[peer]


ALLOCATIONS = ["signal", "frame", "timer", "pool_job", "child", "spawn"]
ROWS = [
    Row("await.signal", "ns", "≤ 0.6 × GDScript", share_of("gdscript", 0.6),
        "From the first of 1000 emissions until the last of 1000 tasks has gone on and ended."),
    Row("await.signal.no_argument", "ns", "≤ 0.6 × GDScript", share_of("gdscript", 0.6)),
    Row("await.signal.whole", "ns", note="The same and the start of the tasks, so also the 1000 connections."),
    Row("await.every_frame", "ns", "≤ 0.1 × GDScript", share_of("gdscript", 0.1), "Per task and frame, with 10 000 tasks."),
    Row("await.ready", "ns", "≤ 10 ns", at_most(10), "A task that has ended; in GDScript a value."),
    Row("await.ready.event", "ns", "≤ 10 ns", at_most(10), "An event that is set; in GDScript a value."),
    Row("await.child", "ns", note="A coroutine that ends without waiting."),
    Row("await.allocations", "calls", "0", at_most(0), "Of operator new per await, in the whole process; the worst of the rows below."),
    *(Row(f"await.allocations.{kind}", "calls") for kind in ALLOCATIONS),
    Row("spawn.finish", "ns", "≤ 60 ns", at_most(60)),
    Row("hop.round_trip", "ns", "≤ 1.2 × the raw pool", share_of("raw pool", 1.2), baseline=True),
    Row("hop.again", "ns", note="One task hops again and again, so the worker is awake.", baseline=True),
    Row("hop.at_once", "ns", note="A hundred tasks do, per hop.", baseline=True),
    Row("script.run", "µs", note="1000 jobs: what the main thread computes, per job."),
    Row("script.run.whole", "µs", note="The same until the last result is there, per job."),
    Row("script.par_for", "ns", note="100 000 calls of an empty function, per call."),
    Row("script.frame", "ms", note="The longest frame while 1000 jobs of 0.3 ms are in flight."),
    Row("script.idle", "wake-ups", note="Of the pool's threads in a second without work."),
]  # fmt: skip
WAITING = "The tasks of the axis wait meanwhile."
GROWTH = {
    "await.signal": "So many tasks, each on an emitter of its own.",
    "await.every_frame": "So many tasks, per task and frame.",
    "spawn.finish": WAITING,
    "await.ready": WAITING,
    "await.child": WAITING,
    "hop.at_once": "So many tasks hop at once, four times in a row; per hop.",
}


class Bench:
    def __init__(self, engine, library, quick, progress):
        self.engine = engine
        self.library = library
        self.quick = quick
        self.progress = progress
        self.version = None
        self.samples = {}  # {row: {contender: [value]}}
        self.growth = {}  # {row: {contender: {size: [value]}}}
        self.foreign = []

    def run_all(self):
        for name in (LIBRARY, ALLOCATOR):
            if not (self.library / name).is_file():
                die(f"there is no {self.library / name}; build the target nebula_task_bench of the preset release")
        engines = ENGINES[not self.quick]
        for number in range(engines):
            self.progress.row(number, engines, "an engine")
            self.take(self.run(number + 1, engines))
        self.progress.end()
        kinds = [self.samples.get(f"await.allocations.{kind}", {}).get("nebula") for kind in ALLOCATIONS]
        if all(kinds):
            self.samples["await.allocations"] = {"nebula": [max(median(values) for values in kinds)]}

    def run(self, number, engines):
        folder = self.library / "project"
        make_project(pathlib.Path(__file__).resolve().parent / "project", folder, "bench.gdextension",
                     {LIBRARY: self.library / LIBRARY})  # fmt: skip
        answer, foreign = run(
            self.engine, folder, ["--fixed-fps", "60"], [f"--samples={SAMPLES[not self.quick]}", f"--sizes={','.join(map(str, SIZES))}"],
            RUN_TIMEOUT, env={**os.environ, "LD_PRELOAD": str(self.library / ALLOCATOR)},
            progress=lambda line: self.progress.step(number, engines, line),
            # An allocator that cannot be preloaded is the script's to notice.
            is_harmless=lambda line: "ld.so:" in line)  # fmt: skip
        self.foreign.append(foreign)
        return answer

    def take(self, answer):
        self.version = answer["engine"]
        for row, contenders in answer["samples"].items():
            for contender, values in contenders.items():
                self.samples.setdefault(row, {}).setdefault(contender, []).extend(values)
        for row, contenders in answer["growth"].items():
            for contender, sizes in contenders.items():
                for size, values in sizes.items():
                    self.growth.setdefault(row, {}).setdefault(contender, {}).setdefault(int(size), []).extend(values)

    def row(self, row):
        samples = quiet_half(self.samples.get(row.id, {}))
        values = {name: median(found) for name, found in samples.items()}
        return judge(row, values, {name: quartiles(found) for name, found in samples.items()}, median(self.foreign))

    def curve(self, row_id):
        series = {name: [rounded(median(sizes[size])) if size in sizes else None for size in SIZES]
                  for name, sizes in self.growth.get(row_id, {}).items()}
        return {"unit": "ns", "words": GROWTH[row_id], "tasks": SIZES, "series": series}

    def result(self, seconds):
        compiler = first_line("clang++-16", "--version")
        return {
            **facts(self.quick, seconds),
            "compilers": {"nebula": compiler} if compiler else {},
            "engine": self.version,
            "left_out": {},
            "rows": [self.row(row) for row in ROWS],
            "growth": {row_id: self.curve(row_id) for row_id in GROWTH},
        }


def main():
    parser = argparse.ArgumentParser(description="Nebula's tasks and GDScript's coroutines, side by side.")
    parser.add_argument("--engine", required=True, help="command that starts Godot")
    parser.add_argument("--library", type=pathlib.Path, required=True, help="folder of the extension")
    options = arguments(parser, "one engine, few samples")

    started = time.monotonic()
    bench = Bench(options.engine, options.library.resolve(), options.quick, report.Progress(sys.stdout))
    bench.run_all()
    result = bench.result(time.monotonic() - started)
    page = report.page(result, "Nebula’s tasks beside GDScript’s coroutines", GROUPS)
    publish(options, result, page, report.growth_table(result), report.table(result, colour=sys.stdout.isatty()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

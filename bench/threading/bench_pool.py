#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs Nebula's pool and its peers side by side and judges every row by its target.

    bench_pool.py --programs FOLDER --json FILE --html FILE [--quick]

Contenders take turns, round by round, so that what the machine does to one it does to all. Beside
every single run stand how far apart the two CPUs were (the hop of a cache line; virtual machines
flip between modes) and how much CPU other processes took. Results that are not equal end the run.
What the rows mean and how to read them: README.md in this folder.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
import report
from measure import (
    ForeignLoad,
    arguments,
    at_most,
    die,
    facts,
    first_line,
    judge,
    median,
    percentile,
    publish,
    quartiles,
    share_above,
)

PROBE = "pool_cpu_probe"
RUN_TIMEOUT = 120  # seconds; the longest run of any contender takes about ten
NOISY = 0.25  # cores taken by others, from which a run is repeated if there is time for it
REPEAT_SECONDS = 60  # for noisy runs, in all


class Contender:
    def __init__(self, name, command, missing="", environment=None, only=None, slow_start=False):
        self.name = name
        self.command = command
        self.missing = missing  # what it needs, for the reader who has it not
        self.environment = environment or {}
        self.only = only  # the runs it takes part in; None for all
        self.slow_start = slow_start  # one round is enough for a quick run

    def path(self, programs):
        return programs / self.command[0]

    def takes_part(self, run):
        return self.only is None or run.row in self.only


GROUPS = [
    ("join", "Fork and join", "What a join costs over the plain call, and a tree of a thousand nodes over its serial sum."),
    ("spawn", "Spawning", "Empty tasks in scopes of a thousand, per task."),
    ("scope", "Scopes on an idle pool", "Time over the ideal, with every thread asleep when the scope opens."),
    ("wake", "Waking", "From a spawn on a foreign thread to the start of the task."),
    ("for", "Loops", "Items of about 5 ns: a million in one loop, and loops of ten thousand called back to back."),
    ("commit", "Commits on the main thread", "From the end of a task to the start of what it hands to the thread that waits."),
    ("uneven", "Uneven work", "Two thousand tasks of very different lengths."),
    ("idle", "Idle", "What the threads of a pool with nothing to do still do."),
    ("trickle", "A trickle of work", "CPU beyond the work itself, per tick."),
    ("band", "Urgent behind long", "Start of an urgent task while every worker has 5 ms ones."),
    ("frame", "Frames", "How long a frame waits for its urgent jobs, with ten thousand others queued."),
    ("contended", "Beside other programs", "Our time over the fair share of CPUs that others keep busy."),
]

RUST = "rust/target/release/pool_rust"
NO_RUST = "it needs cargo and Debian's librust-rayon-dev and librust-async-executor-dev; build/log/bench-rust.log says more"
CALLED = {"spawn.outside", "scope.2x50us", "scope.64x50us", "trickle.scope"}
CONTENDERS = [
    Contender("nebula", ["pool_nebula"]),
    Contender("oneTBB", ["pool_tbb"], "it needs libtbb-dev"),
    Contender("OpenMP", ["pool_openmp"], "it needs g++"),
    Contender("OpenMP passive", ["pool_openmp"], "it needs g++", {"OMP_WAIT_POLICY": "passive"}, CALLED),
    Contender("rayon", [RUST, "rayon"], NO_RUST),
    Contender("rayon in place", [RUST, "rayon-inplace"], NO_RUST, None, CALLED),
    Contender("rayon, two pools", [RUST, "rayon-two-pools"], NO_RUST, None, {"band", "frame"}),
    Contender("async-executor", [RUST, "async-executor"], NO_RUST),
    Contender("Godot", ["pool_godot"], "it needs an engine from 4.5 on; build/log/bench-godot.log says more", slow_start=True),
    Contender("std::async", ["pool_std_async"], "it was not built"),
    Contender("mutex pool", ["pool_mutex"], "it was not built"),
]


class Run:
    """One invocation of every contender a round. Samples are rounds, ticks, frames or milliseconds."""

    def __init__(self, name, row, threads, quick, full, rounds=(2, 5), beside=None):
        self.name = name
        self.row = row  # as the contenders call it
        self.threads = threads
        self.samples = (quick, full)
        self.rounds = rounds
        self.beside = beside  # "burners": a busy process on every CPU; "each other": all at once


RUNS = [
    Run("join.tree", "join.tree", 1, 3, 6),
    Run("join.fib", "join.fib", 1, 3, 6),
    Run("join.small_tree", "join.small_tree", 2, 3, 15),
    Run("spawn.scope.1t", "spawn.scope", 1, 5, 10),
    Run("spawn.scope.2t", "spawn.scope", 2, 5, 10),
    Run("spawn.batch.2t", "spawn.batch", 2, 5, 10),
    Run("spawn.outside", "spawn.outside", 2, 5, 10),
    Run("scope.2x50us", "scope.2x50us", 2, 70, 200),
    Run("scope.64x50us", "scope.64x50us", 2, 40, 120),
    Run("wake", "wake", 1, 80, 300),
    Run("wake.free", "wake.free", 1, 60, 200),
    Run("for.light", "for.light", 2, 10, 30),
    Run("for.hot", "for.hot", 2, 300, 1000),
    Run("commit", "commit.pinned", 2, 10, 30),
    Run("uneven", "uneven", 2, 1, 2),
    Run("idle", "idle", 2, 2000, 10000, (1, 1), "each other"),
    Run("trickle.scope", "trickle.scope", 2, 120, 300),
    Run("trickle.detached", "trickle.detached", 2, 120, 300),
    Run("trickle.60hz", "trickle.60hz", 2, 10, 25),
    Run("trickle.empty", "trickle.empty", 2, 120, 300),
    Run("band", "band", 2, 30, 120),
    Run("frame", "frame", 2, 60, 180, (1, 4)),
    Run("contended", "contended", 2, 1, 3, (1, 5), "burners"),
]


class Row:
    """A figure of one run. `met` sees our value, the best peer's and all peers'."""

    baseline = False

    def __init__(self, id, run, key, unit, statistic, target, met, floor=0.0, not_best=None, note=""):
        self.id = id
        self.run = run
        self.key = key
        self.unit = unit
        self.statistic = statistic
        self.target = target
        self.met = met
        self.floor = floor  # below this, differences are noise: ratios do not go lower
        self.not_best = not_best or {}  # peers that are shown, but are no measure, and why
        self.note = note


def best_of_all(ours, best, peers):
    return best is None or ours <= best


def join_target(limit):
    def met(ours, best, peers):
        queueing = [peers[name] for name in ("oneTBB", "OpenMP", "rayon") if name in peers]
        return ours <= limit and (not queueing or ours <= 0.25 * min(queueing))

    return met


def trickle_target(ours, best, peers):
    rayon = peers.get("rayon")
    return (rayon is None or ours <= 0.12 * rayon) and (best is None or ours <= best + 1)


def near_best(factor):
    return lambda ours, best, peers: best is None or ours <= factor * best


JOIN_TARGET = "≤ {} ns; ≤ 0.25 of oneTBB, OpenMP, rayon"
TRICKLE_TARGET = "≤ 0.12 of rayon; within 1 µs of the best"
SPINS = "OpenMP spins between regions and takes a whole core for it: see trickle.scope."
ROWS = [
    Row("join.tree", "join.tree", "ns_per_fork", "ns", median, JOIN_TARGET.format(2.5), join_target(2.5)),
    Row("join.fib", "join.fib", "ns_per_fork", "ns", median, JOIN_TARGET.format(1.5), join_target(1.5)),
    Row("join.small_tree", "join.small_tree", "over_serial", "× serial", median, "≤ 1.3", at_most(1.3)),
    Row("spawn.scope.1t", "spawn.scope.1t", "ns_per_task", "ns", median, "≤ 25 ns", at_most(25),
        not_best={"OpenMP": "on one thread it calls each task at once and queues nothing"}),
    Row("spawn.scope.2t", "spawn.scope.2t", "ns_per_task", "ns", median, "best of all that queue", best_of_all),
    Row("spawn.batch.2t", "spawn.batch.2t", "ns_per_task", "ns", median, "≤ half of the best", near_best(0.5),
        note="Of a peer, the better of its bulk form and of spawning one by one."),
    Row("spawn.outside", "spawn.outside", "ns_per_task", "ns", median, "best of all", best_of_all),
    Row("scope.2x50us.p50", "scope.2x50us", "excess_us", "µs", percentile(0.5), "best of all", best_of_all, 0.5, note=SPINS),
    Row("scope.2x50us.p99", "scope.2x50us", "excess_us", "µs", percentile(0.99), "best of all", best_of_all, 0.5, note=SPINS),
    Row("scope.64x50us.p50", "scope.64x50us", "excess_us", "µs", percentile(0.5), "best of all", best_of_all, 0.5, note=SPINS),
    Row("scope.64x50us.p99", "scope.64x50us", "excess_us", "µs", percentile(0.99), "best of all", best_of_all, 0.5, note=SPINS),
    Row("wake.p50", "wake", "wake_us", "µs", percentile(0.5), "within 5 % of the best", near_best(1.05)),
    Row("wake.p99", "wake", "wake_us", "µs", percentile(0.99), "within 5 % of the best", near_best(1.05)),
    Row("wake.stuck", "wake.free", "wake_us", "share", share_above(500), "≤ 0.01", at_most(0.01), 0.005),
    Row("for.light", "for.light", "over_ideal", "× ideal", median, "≤ 1.05", at_most(1.05)),
    Row("for.hot", "for.hot", "us_per_loop", "µs", median, "within 10 % of the best", near_best(1.1)),
    Row("commit.wait_p50", "commit", "commit_wait_us", "µs", percentile(0.5), "≤ 60 µs, the task that the main thread runs", at_most(60)),
    Row("commit.wait_p99", "commit", "commit_wait_us", "µs", percentile(0.99), "≤ 500 µs", at_most(500)),
    Row("uneven.makespan", "uneven", "over_ideal", "× ideal", median, "≤ 1.03; no peer better beyond noise",
        lambda ours, best, peers: ours <= 1.03 and near_best(1.03)(ours, best, peers)),
    Row("idle.wakeups", "idle", "wakeups", "times", median, "0", at_most(0), 1),
    Row("idle.cpu_ms", "idle", "cpu_ms", "ms", median, "0", at_most(0), 0.01),
    Row("trickle.scope", "trickle.scope", "cpu_us_per_tick", "µs", median, TRICKLE_TARGET, trickle_target, 0.5),
    Row("trickle.detached", "trickle.detached", "cpu_us_per_tick", "µs", median, TRICKLE_TARGET, trickle_target, 0.5),
    Row("trickle.60hz", "trickle.60hz", "cpu_us_per_tick", "µs", median, TRICKLE_TARGET, trickle_target, 0.5),
    Row("trickle.empty", "trickle.empty", "cpu_us_per_tick", "µs", median, TRICKLE_TARGET, trickle_target, 0.5),
    Row("band.latency_p99", "band", "latency_us", "µs", percentile(0.99), "≤ 500 µs, the yield interval", at_most(500),
        note="1 000 000 stands for a task that had not started after a second."),
    Row("frame.p99", "frame", "wait_ms", "ms", percentile(0.99), "best of all", best_of_all),
    Row("contended.share", "contended", "over_share", "× fair share", median, "≤ 1.2", at_most(1.2),
        not_best={"std::async": "four hundred threads take more than two threads' share"}),
]


class Burners:
    """A busy process on each CPU while a block runs."""

    def __init__(self, programs):
        self.programs = programs
        self.processes = []

    def __enter__(self):
        for cpu in sorted(os.sched_getaffinity(0)):
            process = subprocess.Popen([self.programs / PROBE, "burn"], stdin=subprocess.DEVNULL)
            os.sched_setaffinity(process.pid, {cpu})
            self.processes.append(process)

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


# ---- running --------------------------------------------------------------------------------------


class Bench:
    def __init__(self, programs, quick, progress):
        self.programs = programs
        self.quick = quick
        self.progress = progress
        self.repeat_seconds = 0 if quick else REPEAT_SECONDS
        self.left_out = {}
        self.contenders = []
        for contender in CONTENDERS:
            if os.access(contender.path(programs), os.X_OK):
                self.contenders.append(contender)
            else:
                self.left_out[contender.name] = contender.missing
        if not self.contenders or self.contenders[0].name != "nebula":
            die(f"there is no {programs}/pool_nebula; build the preset release with -DNEBULA_BUILD_BENCH=ON")
        self.speed = float(self.probe("speed"))
        self.hops = []
        # By run: {contender: {key: [values]}}, and what was measured beside it.
        self.samples = {run.name: {} for run in RUNS}
        self.run_hops = {run.name: [] for run in RUNS}
        self.foreign = {run.name: [] for run in RUNS}

    def probe(self, what):
        result = subprocess.run([self.programs / PROBE, what], capture_output=True, text=True, timeout=60, check=False)
        if result.returncode != 0:
            die(f"{PROBE} {what} ended with status {result.returncode}")
        return result.stdout.strip()

    def run_all(self):
        for index, run in enumerate(RUNS):
            rounds = run.rounds[not self.quick]
            taking_part = [contender for contender in self.contenders if contender.takes_part(run)]
            self.progress.row(index, len(RUNS), run.name)
            if run.beside == "each other":
                self.at_once(run, taking_part)
            elif run.beside == "burners":
                with Burners(self.programs):
                    self.in_turns(run, taking_part, rounds)
            else:
                self.in_turns(run, taking_part, rounds)
        self.progress.end()

    def in_turns(self, run, taking_part, rounds):
        checksums = {}
        for number in range(rounds):
            for contender in list(taking_part):
                if self.quick and contender.slow_start and number > 0:
                    continue
                self.progress.step(number + 1, rounds, contender.name)
                answer = self.measure(run, contender)
                if answer is None or "unsupported" in answer:
                    taking_part.remove(contender)
                else:
                    self.take(run, contender, answer, checksums)

    def measure(self, run, contender):
        """The quietest of a few tries."""
        best = None
        while True:
            hop = float(self.probe("hop"))
            others = ForeignLoad()
            answer = self.finish(run, contender, self.start(run, contender))
            wall, foreign = others.seconds(), others.cores()
            if best is None or foreign < best[1]:
                best = (answer, foreign, hop)
            if foreign < NOISY or run.beside or self.repeat_seconds < wall:
                break
            self.repeat_seconds -= wall
        answer, foreign, hop = best
        self.hops.append(hop)
        self.run_hops[run.name].append(hop)
        if not run.beside:
            self.foreign[run.name].append(foreign)
        return answer

    def at_once(self, run, taking_part):
        """For runs that only sleep: they do not disturb each other."""
        self.progress.step(1, 1, "all together")
        self.run_hops[run.name].append(float(self.probe("hop")))
        started = [(contender, self.start(run, contender)) for contender in taking_part]
        checksums = {}
        for contender, process in started:
            answer = self.finish(run, contender, process)
            if answer is not None and "unsupported" not in answer:
                self.take(run, contender, answer, checksums)

    def start(self, run, contender):
        command = [str(contender.path(self.programs)), *contender.command[1:], run.row, str(run.threads),
                   str(run.samples[not self.quick]), f"{self.speed:.3f}"]
        return subprocess.Popen(command, env={**os.environ, **contender.environment}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, run, contender, process):
        try:
            out, complaint = process.communicate(timeout=RUN_TIMEOUT)
            # An engine may have had something to say before.
            answer = json.loads(out.strip().rpartition("\n")[2]) if process.returncode == 0 else None
            why = f"ended with status {process.returncode}: {complaint.strip()}".rstrip(": ")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            answer, why = None, f"did not end within {RUN_TIMEOUT} s"
        except json.JSONDecodeError:
            answer, why = None, "did not answer in JSON"
        if answer is None:
            if contender.name == "nebula":
                die(f"our own contender {why} in the run {run.name}")
            self.progress.say(f"{contender.name} is left out of {run.name}: it {why}")
            self.samples[run.name].pop(contender.name, None)
        return answer

    def take(self, run, contender, answer, checksums):
        checksums[contender.name] = answer["checksum"]
        if len(set(checksums.values())) > 1:
            die(f"the results of {run.name} are not equal: {', '.join(f'{n} {c}' for n, c in sorted(checksums.items()))}")
        mine = self.samples[run.name].setdefault(contender.name, {})
        for key, values in answer["samples"].items():
            mine.setdefault(key, []).extend(values)

    # ---- judging ------------------------------------------------------------------------------------

    def values(self, row):
        found = {name: row.statistic(keys[row.key]) for name, keys in self.samples[row.run].items() if keys.get(row.key)}
        if row.id == "spawn.batch.2t":
            one_by_one = next(other for other in ROWS if other.id == "spawn.scope.2t")
            for name, value in self.values(one_by_one).items():
                if name != "nebula":
                    found[name] = min(found.get(name, value), value)
        return found

    def row(self, row):
        hops, foreign = self.run_hops[row.run], self.foreign[row.run]
        spread = {name: quartiles(keys[row.key]) for name, keys in self.samples[row.run].items() if keys.get(row.key)}
        return judge(row, self.values(row), spread, median(foreign) if foreign else None, median(hops) if hops else None)

    def result(self, seconds):
        return {
            **facts(self.quick, seconds),
            "compilers": {name: line for name, line in (
                ("nebula, oneTBB, std::async, mutex pool", first_line("clang++-16", "--version")),
                ("OpenMP", first_line("g++", "--version")),
                ("rayon, async-executor", first_line("rustc", "--version"))) if line},
            "left_out": self.left_out,
            "hop_ns": self.hops,
            "rows": [self.row(row) for row in ROWS],
        }


def main():
    parser = argparse.ArgumentParser(description="Nebula's pool and its peers, side by side.")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the contenders")
    options = arguments(parser, "about a minute; too few samples for a 99th percentile")

    started = time.monotonic()
    progress = report.Progress(sys.stdout)
    bench = Bench(options.programs.resolve(), options.quick, progress)
    for name, why in bench.left_out.items():
        progress.say(f"{name} is left out: {why}")
    bench.run_all()
    result = bench.result(time.monotonic() - started)
    page = report.page(result, "Nebula’s pool and its peers", GROUPS)
    publish(options, result, page, report.table(result, colour=sys.stdout.isatty()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

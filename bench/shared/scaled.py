# SPDX-License-Identifier: MIT
"""Rows whose targets are times: what they allow depends on how fast the machine is.

Two machines differ by a factor of two, and a shared one differs from itself. So a driver times a fixed
kernel (machine_speed.cpp) between everything else that it runs. The reference machine does it in
REFERENCE_NS and has the speed 1. A target of 16 µs is a target of 32 µs where the speed is 0.5, and what
peers took on the reference machine is divided by the speed as well.
"""
import subprocess

import report
from measure import die, facts, first_line, judge, median, percentile, quartiles, rounded

PROGRAM = "machine_speed"
# The reference machine is a virtual one on a Zen 5 at 2.1 GHz. The kernel takes 1.92 times as long there
# as `mesh.plane` (60 turns, middle half: 1.90 to 1.93; 1.87 while the other thread of the core is busy and
# both take 1.4 times as long), and `mesh.plane` takes 14.9 µs on a quiet day.
REFERENCE_NS = 28_600

first_quartile = percentile(0.25)


class Speed:
    """The readings of the kernel over a run."""

    def __init__(self, program):
        self.program = program
        self.readings = []

    def read(self):
        try:
            result = subprocess.run([self.program], capture_output=True, text=True, timeout=60, check=False)
        except OSError as error:
            die(f"{self.program} does not start: {error.strerror}; build the target {PROGRAM} of the preset release")
        words = result.stdout.split()
        if result.returncode != 0 or not words:
            die(f"{self.program} ended with status {result.returncode}")
        self.readings.append(float(words[0]))

    def value(self):
        """As of the rows: what other programs do to a machine makes everything slower, and nothing faster."""
        return REFERENCE_NS / first_quartile(self.readings)


class Row:
    r"""A figure and what it may be.

    \param limit   In the row's unit, at the speed 1; None for a row that only tells.
    \param is_time Whether the limit is divided by the speed, and with it the peers' figures, unless
                   scales_peers says otherwise.
    \param peers   {name: figure at the speed 1}; where they come from is for the note.
    """

    baseline = False
    floor = 0.0

    def __init__(self, id, unit, limit=None, note="", *, is_time=True, at_least=False, peers=None, scales_peers=None,
                 not_best=None, statistic=median):
        self.id = id
        self.unit = unit
        self.limit = limit
        self.note = note
        self.is_time = is_time
        self.scales_peers = is_time if scales_peers is None else scales_peers
        self.lower_is_better = not at_least
        self.peers = peers or {}
        self.not_best = not_best or {}
        self.statistic = statistic

    def entry(self, samples, speed, foreign=None):
        """The row of the JSON file, from the samples of ours."""
        scale = 1 / speed if self.is_time else 1
        limit = None if self.limit is None else self.limit * scale
        self.target = ""
        if limit is not None:
            self.target = f"{'≤' if self.lower_is_better else '≥'} {report.number(limit)} {self.unit}"
            if self.is_time:
                self.target += f" ({report.number(self.limit)} at speed 1)"
        values = {name: figure / speed if self.scales_peers else figure for name, figure in self.peers.items()}
        if samples:
            values["nebula"] = self.statistic(samples)
        # Judged as they are shown: 4.0004 is 4.
        self.met = lambda ours, best, peers: (
            limit is None or (rounded(ours) <= rounded(limit) if self.lower_is_better else rounded(ours) >= rounded(limit)))
        return judge(self, values, {"nebula": quartiles(samples)} if samples else {}, foreign)


def speed_entry(speed):
    """The first row of every result."""
    row = Row("machine.speed", "×", at_least=True, is_time=False, statistic=first_quartile,
              note="Of a fixed kernel, timed between everything else; 1 on the reference machine. Targets in "
                   "units of time, and peers' figures, are divided by it.")  # fmt: skip
    return row.entry([REFERENCE_NS / reading for reading in speed.readings], 1) | {"nebula": rounded(speed.value())}


def result(speed, quick, seconds, rows, **more):
    """What a driver of such rows writes; `rows` are entries."""
    compiler = first_line("clang++-16", "--version")
    found = facts(quick, seconds)
    found["machine"]["speed"] = round(speed.value(), 4)
    return {
        **found,
        "compilers": {"nebula": compiler} if compiler else {},
        "left_out": {},
        **more,
        "rows": [speed_entry(speed), *rows],
    }

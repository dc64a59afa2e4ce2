# SPDX-License-Identifier: MIT
"""bench/threading/bench_pool.py: what it makes of contenders' answers. The contenders are small stand-ins."""
import json
import pathlib
import sys
import unittest

from bench_driver import BenchDriver
from scratch_tree import REPOSITORY

DRIVER = REPOSITORY / "bench/threading/bench_pool.py"
KEYS = {
    "join.tree": "ns_per_fork", "join.fib": "ns_per_fork", "join.small_tree": "over_serial",
    "spawn.scope": "ns_per_task", "spawn.batch": "ns_per_task", "spawn.outside": "ns_per_task",
    "scope.2x50us": "excess_us", "scope.64x50us": "excess_us", "wake": "wake_us", "wake.free": "wake_us",
    "for.light": "over_ideal", "uneven": "over_ideal", "contended": "over_share", "band": "latency_us", "frame": "wait_ms",
    "trickle.scope": "cpu_us_per_tick", "trickle.detached": "cpu_us_per_tick", "trickle.60hz": "cpu_us_per_tick", "trickle.empty": "cpu_us_per_tick",
}  # fmt: skip
# Answers every row with the same value; {special} may answer first.
CONTENDER = """#!/bin/sh
row=$1
{special}
case $row in {keys} esac
echo '{{"checksum": "1", "samples": {{'"$samples"'}}}}'
"""
ANSWERS = "".join(f"""{row}) samples='"{key}": [VALUE, VALUE]';; """ for row, key in KEYS.items())
ANSWERS += """idle) samples='"wakeups": [0], "cpu_ms": [0]';;"""
UNSUPPORTED = """case $row in %s) echo '{"unsupported": "x"}'; exit;; esac"""
CRASH = "case $row in %s) echo boom >&2; exit 1;; esac"
PROBE = """#!/bin/sh
case $1 in hop) echo 40.0;; speed) echo 900;; burn) exec sleep 60;; esac
"""
ROWS = ["join.tree", "join.fib", "join.small_tree", "spawn.scope.1t", "spawn.scope.2t", "spawn.batch.2t", "spawn.outside",
        "scope.2x50us.p50", "scope.2x50us.p99", "scope.64x50us.p50", "scope.64x50us.p99", "wake.p50", "wake.p99", "wake.stuck",
        "for.light", "for.hot", "commit.wait_p50", "commit.wait_p99", "uneven.makespan", "idle.wakeups", "idle.cpu_ms", "trickle.scope", "trickle.detached", "trickle.60hz",
        "trickle.empty", "band.latency_p99", "frame.p99", "contended.share"]  # fmt: skip


def command_line(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


class BenchPool(BenchDriver):
    def setUp(self):
        super().setUp()
        self.program("pool_cpu_probe", PROBE)
        self.contender("pool_nebula", 1)

    def program(self, name, text):
        self.write({f"programs/{name}": text})
        (self.root / "programs" / name).chmod(0o755)

    def contender(self, name, value, special=""):
        self.program(name, CONTENDER.format(keys=ANSWERS.replace("VALUE", str(value)), special=special))

    def command(self):
        return [DRIVER, "--programs", self.root / "programs"]

    def test_every_row_is_there_with_value_peers_and_verdict(self):
        self.contender("pool_tbb", 2)
        self.contender("pool_mutex", 4)
        rows = self.rows()
        self.assertEqual(ROWS, list(rows))
        row = rows["spawn.outside"]
        self.assertEqual((1, {"oneTBB": 2, "mutex pool": 4}, 0.5, "oneTBB", True, 40),
                         (row["nebula"], row["peers"], row["ratio_to_best"], row["best_peer"], row["met"], row["hop_ns"]))
        for key in ("commit", "machine", "date", "hop_ns"):
            self.assertTrue(self.report[key])
        self.assertEqual({"cpus", "model", "kernel"}, set(self.report["machine"]))
        self.assertFalse(rows["join.tree"]["met"], "1 is not a quarter of 2")
        self.assertTrue(rows["spawn.batch.2t"]["met"], "1 is half of 2")

    def test_a_faster_peer_is_said_to_be_ahead(self):
        self.contender("pool_tbb", 0.5)
        row = self.rows()["spawn.outside"]
        self.assertEqual((2, False), (row["ratio_to_best"], row["met"]))
        self.assertRegex(self.said, r"A peer is ahead in .*spawn\.outside \(oneTBB\)")

    def test_the_page_needs_nothing_from_elsewhere(self):
        self.contender("pool_tbb", 2)
        self.rows()
        page = (self.root / "out/r.html").read_text(encoding="utf-8")
        for outside in ("http:", "https:", "src=", "href=", "@import", "url("):
            self.assertNotIn(outside, page)
        self.assertEqual(len(ROWS), page.count("<section"))
        self.assertIn("prefers-color-scheme: dark", page)

    def test_peers_that_are_not_there_are_left_out_with_a_reason(self):
        rows = self.rows()
        self.assertEqual({}, rows["join.tree"]["peers"])
        self.assertIn("oneTBB is left out: it needs libtbb-dev", self.said)
        self.assertIn("rayon", self.report["left_out"])

    def test_a_row_that_a_contender_has_not_is_empty(self):
        self.contender("pool_nebula", 1, special=UNSUPPORTED % "join.*")
        self.contender("pool_tbb", 2, special=UNSUPPORTED % "spawn.batch")
        rows = self.rows()
        self.assertEqual((None, None, False), tuple(rows["join.tree"][key] for key in ("nebula", "ratio_to_best", "met")))
        self.assertEqual({"oneTBB": 2}, rows["spawn.batch.2t"]["peers"], "one by one is what it has")

    def test_a_peer_that_crashes_loses_its_row_only(self):
        self.contender("pool_tbb", 2, special=CRASH % "frame")
        rows = self.rows()
        self.assertEqual({}, rows["frame.p99"]["peers"])
        self.assertEqual({"oneTBB": 2}, rows["band.latency_p99"]["peers"])
        self.assertIn("oneTBB is left out of frame: it ended with status 1: boom", self.said)

    def test_our_own_crash_ends_the_run(self):
        self.contender("pool_nebula", 1, special=CRASH % "frame")
        self.assert_ended_with("frame", "boom")

    def test_results_that_differ_end_the_run(self):
        self.contender("pool_tbb", 2, special='''case $row in wake) echo '{"checksum": "2", "samples": {"wake_us": [1]}}'; exit;; esac''')
        self.assert_ended_with("wake", "not equal", "nebula 1", "oneTBB 2")

    def test_without_our_own_program_there_is_nothing_to_compare(self):
        (self.root / "programs/pool_nebula").unlink()
        self.assert_ended_with("pool_nebula")

    def test_no_burner_survives_the_run(self):
        self.rows()
        running = [text.decode() for text in map(command_line, pathlib.Path("/proc").glob("[0-9]*")) if str(self.root).encode() in text]
        self.assertEqual([], running)


if __name__ == "__main__":
    unittest.main()

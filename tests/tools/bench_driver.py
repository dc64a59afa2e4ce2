# SPDX-License-Identifier: MIT
"""What the tests of the benchmarks' drivers share: running one, and reading what came of it."""
import json
import subprocess
import sys

from scratch_tree import ScratchTree


class BenchDriver(ScratchTree):
    def command(self):
        """The driver and the arguments that say what it measures."""
        raise NotImplementedError

    def run_driver(self):
        return subprocess.run(
            [sys.executable, "-B", *self.command(), "--json", self.root / "out/r.json", "--html", self.root / "out/r.html", "--quick"],
            capture_output=True, text=True, timeout=100, check=False)  # fmt: skip

    def rows(self):
        result = self.run_driver()
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.report = json.loads((self.root / "out/r.json").read_text(encoding="utf-8"))
        self.said = result.stdout
        return {row["id"]: row for row in self.report["rows"]}

    def assert_ended_with(self, *parts):
        result = self.run_driver()
        self.assertEqual(1, result.returncode, result.stdout)
        lines = result.stderr.splitlines()
        self.assertEqual(1, len(lines), result.stderr)
        for part in ("nebula: ", *parts):
            self.assertIn(part, lines[0])

# SPDX-License-Identifier: MIT
"""A folder for one test that is filled from a dictionary and gone afterwards."""
import pathlib
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class ScratchTree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="nebula-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()

    def write(self, files):
        """files: {path: text}; folders come by themselves."""
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

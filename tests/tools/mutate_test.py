# SPDX-License-Identifier: MIT
"""mutate.py forgets what came of a mutant when anything it depends on changes, and only then."""
import shutil
import sys
import unittest
from unittest import mock

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tests/threading/model"))
import mutate  # noqa: E402


class MemoryOfMutants(ScratchTree):
    def setUp(self):
        super().setUp()
        here = self.root / "tests/model"
        self.write({
            "tests/model/a_model.cpp": '#include "model.hpp"\n#include "nebula/a.hpp"\n',
            "tests/model/b_model.cpp": '#include "model.hpp"\n',
            "tests/model/model.hpp": "#include <atomic>\n",
            "tests/model/main.cpp": "",
            "nebula/a.hpp": '#include "nebula/deep.hpp"\n',
            "nebula/deep.hpp": '#include "nebula/base/used.hpp"\n',
            "nebula/base/used.hpp": "",
            "nebula/base/used.cpp": "",
            "nebula/base/used_linux.cpp": '#include "nebula/base/behind.hpp"\n',
            "nebula/base/behind.hpp": "",
            "nebula/base/behind.cpp": "",
            "nebula/base/other.cpp": "",
        })
        for name, value in (("ROOT", self.root), ("HERE", here), ("LINKED", (here / "main.cpp",)), ("KNOWN", here / "known")):
            patch = mock.patch.object(mutate, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.tried = 0

    def try_out(self, answer=None, header="nebula/a.hpp", text="mutant", model="a_model.cpp", command="cc -O0", afresh=False, record=False):
        """What came of the mutant, and whether it had to be tried."""
        for cache in (mutate.made_of, mutate.content_hash):
            cache.cache_clear()
        memory = mutate.Memory(self.root / "known", [command], afresh)
        before = self.tried

        def find_out():
            self.tried += 1
            return answer

        came = memory.recall(memory.key(header, text, [model]), find_out)
        if record:
            memory.record()
        return came, self.tried > before

    def test_what_is_known_is_not_tried_again(self):
        self.assertEqual(("fails: lost", True), self.try_out("fails: lost"))
        self.assertEqual(("fails: lost", False), self.try_out("other"))
        self.assertEqual((None, True), self.try_out(None, text="harmless"))
        self.assertEqual((None, False), self.try_out("other", text="harmless"))

    def test_whatever_it_depends_on_is_part_of_the_key(self):
        self.try_out()
        for file in ("tests/model/a_model.cpp", "tests/model/model.hpp", "tests/model/main.cpp", "nebula/deep.hpp",
                     "nebula/base/used.cpp", "nebula/base/used_linux.cpp", "nebula/base/behind.cpp"):
            self.write({file: (self.root / file).read_text() + "int changed;\n"})
            self.assertTrue(self.try_out()[1], file)
        self.assertTrue(self.try_out(command="cc -O2")[1])
        self.assertTrue(self.try_out(model="a_model.cpp:Part")[1])

    def test_what_it_does_not_depend_on_is_not(self):
        self.try_out()
        # The mutant's text stands in for the header.
        self.write({"tests/model/b_model.cpp": "// changed\n", "nebula/a.hpp": '#include "nebula/deep.hpp"\nint changed;\n'})
        self.assertFalse(self.try_out()[1])
        self.write({"nebula/base/other.cpp": "int changed;\n"})
        self.assertFalse(self.try_out()[1])
        self.write({"nebula/deep.hpp": '#include "nebula/base/used.hpp"\n// a comment\n'})
        self.assertFalse(self.try_out(text="mutant  // with another comment")[1])

    def test_what_is_committed_is_known_everywhere(self):
        self.try_out("fails: lost\n  in a model", record=True)
        shutil.rmtree(self.root / "known")
        self.assertEqual(("fails: lost in a model", False), self.try_out("other"))
        self.assertEqual(("other", True), self.try_out("other", afresh=True))
        self.assertTrue(self.try_out(text="another mutant")[1])


if __name__ == "__main__":
    unittest.main()

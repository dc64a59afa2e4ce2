# SPDX-License-Identifier: MIT
"""std_includes.py names each precompiled standard header that a file uses and does not include."""
import re
import sys
import unittest

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tools/check"))
import std_includes  # noqa: E402


class StdIncludes(ScratchTree):
    def missing(self, name, files):
        self.write(files)
        file = self.root / name
        return std_includes.missing(file, file.read_text(encoding="utf-8"))

    def test_names_the_header_and_the_first_use(self):
        found = self.missing("a.cpp", {"a.cpp": "#include <vector>\n\nstd::vector<std::size_t> a;\nstd::size_t b;\n"})
        self.assertEqual({"cstddef": (3, "size_t")}, found)

    def test_a_source_has_what_its_own_header_includes_and_no_other_header(self):
        files = {"a.hpp": "#include <string>\n", "b.hpp": "#include <vector>\n",
                 "a.cpp": '#include "a.hpp"\n#include "b.hpp"\nstd::string s;\nstd::vector<int> v;\n'}  # fmt: skip
        self.assertEqual(["vector"], list(self.missing("a.cpp", files)))
        files["a_windows.cpp"] = files.pop("a.cpp")
        self.assertEqual(["vector"], list(self.missing("a_windows.cpp", files)))

    def test_comments_and_strings_use_nothing(self):
        text = '// std::vector\n/* std::\nstd::array */\nauto s = "std::string \\" std::mutex";\nauto r = R"(std::span)";\n'
        self.assertEqual({}, self.missing("a.cpp", {"a.cpp": text}))

    def test_a_name_may_come_from_another_header_that_declares_it(self):
        self.assertEqual({}, self.missing("a.cpp", {"a.cpp": "#include <cstdio>\nstd::size_t n;\n"}))

    def test_ranges(self):
        text = "#include <vector>\nvoid f(std::vector<int>& v) { std::ranges::sort(v); }\n"
        self.assertEqual(["algorithm"], list(self.missing("a.cpp", {"a.cpp": text})))

    def test_every_precompiled_header_is_looked_for(self):
        cmake = (REPOSITORY / "cmake/nebula_target.cmake").read_text(encoding="utf-8")
        lists = re.findall(r"(?:set\(headers|list\(APPEND headers) ([^)]+)\)", cmake)
        headers = {name for text in lists for name in text.split() if "/" not in name}
        self.assertTrue(headers)
        self.assertEqual(set(), headers - set(std_includes.DECLARES))


if __name__ == "__main__":
    unittest.main()

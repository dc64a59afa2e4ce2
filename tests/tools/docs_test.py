# SPDX-License-Identifier: MIT
"""docs.py names everything in the Markdown that is not there, and nothing that is."""
import contextlib
import io
import sys
import unittest

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tools/check"))
import docs  # noqa: E402


class Docs(ScratchTree):
    def problems(self, text, name="README.md"):
        """What is found in one page of a small tree."""
        self.write({
            ".gitignore": "/build/\n/addon/bin/\n",
            "tools/verbs/demo.sh": "",
            "nebula/base/log.hpp": "",
            "docs/map.md": "# Map\n## A frame, drawn\n## Words\n## Words\n```\n# not a heading\n```\n",
            "examples/x.cpp": "int main() {\n    int a = 1;\n    return a;\n}\n",
            name: text,
        })
        page = docs.Page(self.root, self.root / name, docs.known_names(self.root))
        return [problem for _, problem in page.problems()]

    def assert_clean(self, text, **kwargs):
        self.assertEqual([], self.problems(text, **kwargs))

    def assert_one(self, part, text, **kwargs):
        found = self.problems(text, **kwargs)
        self.assertEqual(1, len(found), found)
        self.assertIn(part, found[0])

    def test_links_to_what_exists_pass(self):
        self.assert_clean("# Top\n[a](docs/map.md) [b](docs/map.md#a-frame-drawn) [c](#top) [d](docs/map.md#words-1)\n"
                          "[`e`](nebula/base/) [f](https://example.org/x#y)")

    def test_a_link_to_a_missing_file_is_found(self):
        self.assert_one("docs/mop.md", "see [the map](docs/mop.md)")

    def test_a_picture_that_is_missing_is_found(self):
        self.assert_one("docs/demo.png", "![craters](docs/demo.png)")

    def test_a_link_to_a_missing_heading_is_found(self):
        self.assert_one("#frames", "[a](docs/map.md#frames)")
        self.assert_one("#nowhere", "[a](#nowhere)")

    def test_a_comment_in_a_code_block_is_no_heading(self):
        self.assert_one("#not-a-heading", "[a](docs/map.md#not-a-heading)")

    def test_a_path_in_code_must_exist(self):
        self.assert_clean("`nebula/base/log.hpp`, `nebula/base/`, `base/`, `./nebula/base`")
        self.assert_one("nebula/base/lug.hpp", "`nebula/base/lug.hpp`")
        self.assert_one("nothing/here.cpp", "`nothing/here.cpp`")
        self.assert_one("gone/", "`gone/`")

    def test_a_path_may_be_relative_to_the_page(self):
        self.assert_clean("`base/log.hpp`", name="nebula/README.md")

    def test_code_that_is_no_path_is_left_alone(self):
        self.assert_clean("`a/b`, `nebula/<layer>/x.hpp`, `nebula/*/x.hpp`, `co_await x / y`, `<tl/expected.hpp>`, `1/32`")

    def test_a_name_must_be_in_some_file_that_is_no_page(self):
        self.write({"nebula/dig.hpp": "int dig_sphere(float radius);\nclass VoxelTerrain;\n"})
        self.assert_clean("`dig_sphere(…)` of `VoxelTerrain`, `word`\n```gdscript\nterrain.dig_sphere(4.0)\n```\n")
        self.assert_one("dig_cube", "`dig_cube`")
        self.assert_one("VoxelTerrein", "`const VoxelTerrein&`")
        self.assert_one("undig", "`undig(…)`")
        self.assert_one("dig_cube", "```gdscript\nterrain.dig_cube(4.0)\n```\n")
        self.assert_clean("```\nwhat_a program_prints\n```\n")

    def test_what_builds_make_need_not_exist(self):
        self.assert_clean("`build/log/`, `addon/bin/lib.so`")

    def test_an_unknown_verb_is_found_in_prose_and_in_code_blocks(self):
        self.assert_clean("`./run demo --headless`\n```\n./run demo\n```\n")
        self.assert_one("no verb dmeo", "run `./run dmeo`")
        self.assert_one("no verb dmeo", "```\n./run dmeo\n```\n")

    def test_a_snippet_must_be_part_of_its_file(self):
        block = "<!-- from examples/x.cpp -->\n```cpp\nint a = 1;\nreturn a;\n```\n"
        self.assert_clean(block)
        self.assert_one("not in examples/x.cpp", block.replace("= 1", "= 2"))
        self.assert_one("examples/y.cpp", block.replace("x.cpp", "y.cpp"))
        self.assert_one("stands before no code block", "<!-- from examples/x.cpp -->\nprose\n")

    def test_the_whole_run_fails_with_one_bad_page(self):
        self.problems("[a](gone.md)", name="docs/deep/page.md")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            self.assertEqual(1, docs.main([str(self.root)]))
        self.assertIn("docs/deep/page.md:1: links to gone.md", printed.getvalue())
        self.write({"docs/deep/page.md": "fine\n"})
        self.assertEqual(0, docs.main([str(self.root)]))


if __name__ == "__main__":
    unittest.main()

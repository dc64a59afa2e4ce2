# SPDX-License-Identifier: MIT
"""The guide's reference says what the class docs say, and a link that leads nowhere is noticed."""
import sys
import unittest

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tools/guide"))
import build_site  # noqa: E402
import class_reference  # noqa: E402

DOCS = """<class name="Door" inherits="Node"><brief_description>A [b]door[/b].</brief_description>
<methods><method name="knock"><return type="bool" /><param index="0" name="times" type="int" default="1" />
<description>As [method Bell.ring] with [param times]; see [member is_open] and [constant OPEN].
[codeblock]
door.knock()
[/codeblock]</description></method></methods>
<members><member name="is_open" type="bool">Whether it is [code]open[/code], a [State].</member></members>
<constants><constant name="OPEN" value="1" enum="State">It is.</constant></constants></class>"""


class Guide(ScratchTree):
    def test_a_class_becomes_a_page(self):
        self.write({"Door.xml": DOCS})
        page = class_reference.page(self.root / "Door.xml", {"Door", "Bell"})
        for part in (
            "Inherits [Node](https://docs.godotengine.org/en/stable/classes/class_node.html).",
            "A **door**.",
            "### knock {#knock}\n\n`knock(times: int = 1) -> bool`",
            "As [`Bell.ring()`](Bell.md#ring) with `times`; see [`is_open`](#is_open) and [`OPEN`](#OPEN).",
            "```gdscript\ndoor.knock()\n```",
            "| `OPEN`{#OPEN} | 1 | It is. |",
        ):
            self.assertIn(part, page)

    def test_a_class_of_ours_without_a_page_is_noticed(self):
        self.write({"Door.xml": DOCS.replace("[State]", "[NebulaTask]")})
        with self.assertRaisesRegex(ValueError, "NebulaTask"):
            class_reference.page(self.root / "Door.xml", {"Door", "Bell"})

    def test_names_lead_to_the_reference_and_the_repository_is_no_link(self):
        self.write({"Door.xml": DOCS})
        names = build_site.Names([self.root / "Door.xml"])
        self.assertEqual(
            "A [`Door`](api/Door.md) [`is_open`](api/Door.md#is_open), `knock()`, [`Door`](x.md), the code.",
            build_site.for_site("A `Door` `is_open`, `knock()`, [`Door`](x.md), [the code](../nebula/x.cpp).", names),
        )
        self.assertEqual("# `Door`\n```\n`Door`\n```", build_site.for_site("# `Door`\n```\n`Door`\n```", names))

    def test_links_that_lead_nowhere_are_found(self):
        self.write({
            "a.html": '<h1 id="here"><a href="#here"></a><a href="b.html#there"></a><a href="https://x.org/#y"></a>',
            "b.html": '<h1 id="other"><a href="a.html#gone"></a><a href="c.html"></a>',
        })
        self.assertEqual(
            ["a.html: links to b.html#there, which is not there", "b.html: links to a.html#gone, which is not there",
             "b.html: links to c.html, which is not there"],
            sorted(build_site.broken_links(self.root)),
        )


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""includes.py lets through what the table allows and names everything else."""
import sys
import unittest

from scratch_tree import REPOSITORY, ScratchTree

sys.path.insert(0, str(REPOSITORY / "tools/check"))
import includes  # noqa: E402

TABLE = """# Map
| layer | folder | may include | is for |
| --- | --- | --- | --- |
| base | `nebula/base/` | the standard library | small things |
| threading | `nebula/threading/` | base | the pool |
| task | `nebula/task/` | base, threading | coroutines |
| voxel | `nebula/voxel/` | base, threading | terrain |
| godot | `nebula/godot/` | all of the above and the engine's C header | the extension |
"""


class Includes(ScratchTree):
    def found(self, files):
        self.write({"docs/architecture.md": TABLE, **files})
        return list(includes.violations(self.root))

    def test_what_the_table_allows_is_allowed(self):
        self.assertEqual([], self.found({
            "nebula/base/log.hpp": "#include <string_view>\n",
            "nebula/threading/pool.cpp": '#include "nebula/base/log.hpp"\n#include "nebula/threading/detail/x.hpp"\n',
            "nebula/task/task.hpp": '#include "nebula/threading/pool.hpp"\n',
            "nebula/godot/node.cpp": '#include "nebula/voxel/v.hpp"\n#include <gdextension_interface.h>\n',
            "tests/voxel/v_test.cpp": '#include "nebula/voxel/v.hpp"\n#include "tests/voxel/help.hpp"\n',
            "examples/hello.cpp": '#include "nebula/task/task.hpp"\n',
        }))

    def test_a_lower_layer_may_not_include_a_higher_one(self):
        found = self.found({"nebula/threading/pool.hpp": '#pragma once\n#include "nebula/task/task.hpp"\n'})
        self.assertEqual(1, len(found))
        self.assertTrue(found[0].startswith("nebula/threading/pool.hpp:2: threading may not include task"))

    def test_layers_side_by_side_may_not_include_each_other(self):
        self.assertEqual(2, len(self.found({
            "nebula/task/a.hpp": '#include "nebula/voxel/v.hpp"\n',
            "nebula/voxel/b.hpp": '#  include <nebula/task/a.hpp>\n',
        })))

    def test_a_room_includes_what_its_row_names_and_no_inside_of_another(self):
        rooms = """# voxel
| room | may include | what it is |
| --- | --- | --- |
| space | | points |
| field | space | samples |
| mesh | space, field | triangles |
| stream | all of the above | what is shown |
"""
        found = self.found({
            "nebula/voxel/README.md": rooms,
            "nebula/voxel/field/a.hpp": '#include "nebula/voxel/space/v.hpp"\n#include "nebula/voxel/mesh/m.hpp"\n',
            "nebula/voxel/mesh/m.cpp": '#include "nebula/voxel/mesh/detail/d.hpp"\n#include "nebula/base/log.hpp"\n',
            "nebula/voxel/stream/s.cpp": '#include "nebula/voxel/mesh/m.hpp"\n#include "nebula/voxel/mesh/detail/d.hpp"\n',
            "tests/voxel/t.cpp": '#include "nebula/voxel/mesh/detail/d.hpp"\n',
        })
        self.assertEqual(2, len(found), found)
        self.assertIn("the room field may not include mesh", found[0])
        self.assertIn("inside of another room", found[1])

    def test_a_relative_include_is_followed_to_its_layer(self):
        self.assertEqual(1, len(self.found({
            "nebula/task/a.hpp": "",
            "nebula/base/b.hpp": '#include "../task/a.hpp"\n',
        })))

    def test_the_engines_header_is_for_the_godot_layer_alone(self):
        found = self.found({
            "nebula/voxel/v.cpp": "#include <gdextension_interface.h>\n",
            "nebula/task/t.cpp": '#include "nebula/godot/detail/gdextension_interface.h"\n',
            "examples/e.cpp": '#include "gdextension_interface.h"\n',
            "tests/base/b_test.cpp": "#include <godot_cpp/core/object.hpp>\n",
        })
        self.assertEqual(4, len(found), found)

    def test_a_layers_tests_follow_its_rules(self):
        self.assertEqual(1, len(self.found({"tests/threading/t.cpp": '#include "nebula/voxel/v.hpp"\n'})))

    def test_examples_are_free_of_the_engine_layer_except_in_a_folder_of_its_name(self):
        self.assertEqual(2, len(self.found({
            "examples/e.cpp": '#include "nebula/godot/node.hpp"\n',
            "examples/installed/main.cpp": '#include "nebula/godot/node.hpp"\n',
            "examples/godot/door.cpp": '#include "nebula/godot/node.hpp"\n',
            "examples/extension/entry.cpp": "#include <nebula/godot/node.hpp>\n",
            "examples/godot_cpp/src/door.cpp": "#include <nebula/godot/node.hpp>\n#include <godot_cpp/godot.hpp>\n",
        })))

    def test_a_folder_that_is_no_layer_is_named(self):
        found = self.found({"nebula/extra/x.hpp": "", "nebula/base/b.hpp": '#include "nebula/extra/x.hpp"\n'})
        self.assertEqual(2, len(found), found)

    def test_a_commented_include_is_no_include(self):
        self.assertEqual([], self.found({"nebula/base/b.hpp": '// #include "nebula/task/t.hpp"\n'}))

    def test_a_document_without_the_table_fails_the_check(self):
        self.write({"docs/architecture.md": "# Map\n"})
        with self.assertRaises(ValueError):
            list(includes.violations(self.root))

    def test_the_documents_own_table_is_understood(self):
        table = includes.read_table((REPOSITORY / "docs/architecture.md").read_text(encoding="utf-8"))
        self.assertEqual({"base"}, table["base"])
        self.assertEqual({"base", "threading", "voxel"}, table["voxel"])
        self.assertEqual(set(table), table["godot"])


if __name__ == "__main__":
    unittest.main()

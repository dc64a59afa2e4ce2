// SPDX-License-Identifier: MIT
// Descriptions given at registration, as the XML the editor's help reads.
#include "nebula/godot/binding/class_record.hpp"

namespace nebula::godot {

void load_class_docs() {}

}  // namespace nebula::godot

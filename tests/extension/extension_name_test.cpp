// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/extension_name.hpp"

#include <gtest/gtest.h>

namespace nebula::godot {
namespace {

TEST(ExtensionName, IsWhatAClassCanBeginWith) {
    EXPECT_TRUE(detail::set_extension_name("Example_2"));
    for (const char* const wrong :
         {static_cast<const char*>(nullptr), "", "My Game", "2d", "_A", "Ä", "a-b"})
        EXPECT_FALSE(detail::set_extension_name(wrong)) << (wrong == nullptr ? "null" : wrong);
    EXPECT_EQ(engine_name("NebulaTask"), "Example_2Task");
    EXPECT_EQ(engine_name("MoonGenerator"), "MoonGenerator");
    EXPECT_EQ(with_engine_names("a [NebulaTaskError]"), "a [Example_2TaskError]");
}

}  // namespace
}  // namespace nebula::godot

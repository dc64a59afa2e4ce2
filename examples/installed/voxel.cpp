// SPDX-License-Identifier: MIT
// A program outside this repository that digs, without an engine, and makes a world file.
//   voxel_user world.nebula
#include <nebula/voxel/gen/shape_generators.hpp>
#include <nebula/voxel/store/world_file.hpp>
#include <nebula/voxel/world/world.hpp>

#include <cstdio>
#include <memory>

int main(int, char** arguments) {
    using namespace nebula::voxel;
    World world(std::make_shared<FlatGenerator>(0.0F));
    if (const auto dug = world.apply(SphereEdit{.radius = 5.0F}); !dug) {
        std::fprintf(stderr, "%s\n", dug.error().message.c_str());
        return 1;
    }
    const auto hit = world.raycast({0.0F, 20.0F, 0.0F}, {0.0F, -1.0F, 0.0F}, 100.0F);
    const auto file = WorldFile::open(arguments[1], {.generator = "flat"});
    if (!hit || !*hit || !file) {
        std::fprintf(stderr, "%s\n", file ? "no ground" : file.error().message.c_str());
        return 1;
    }
    std::printf("ground at %.1f, %zu bricks in the file\n", (*hit)->position.y,
                (*file)->report().bricks);
}

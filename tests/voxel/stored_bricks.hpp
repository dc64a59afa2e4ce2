// SPDX-License-Identifier: MIT
// What the tests of the store share: bricks that tell which they are, and a folder that goes.
#pragma once

#include "nebula/base/utf8_path.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/store/brick_key.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace nebula::voxel {

/// Samples that a CRC or a mix-up cannot hide behind: they follow from `seed` alone.
inline BrickPtr brick_of_seed(std::uint64_t seed) {
    std::mt19937_64 dice(seed);
    const auto slope = static_cast<int>(dice() % 15) - 7;
    const auto noise = 1 + static_cast<int>(dice() % 3);
    Brick brick;
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y)
            for (int x = 0; x < kBrickSize; ++x) {
                const int value =
                    (y - 8) * 12 + slope * x + z + static_cast<int>(dice() % 8) * noise / 4;
                const int clamped = value > kSampleMax   ? kSampleMax
                                    : value < kSampleMin ? kSampleMin
                                                         : value;
                brick.samples[Brick::index(x, y, z)] =
                    static_cast<Sample>(clamped == 0 ? 1 : clamped);
            }
    return make_brick(brick);
}

inline bool equal(const BrickPtr& a, const BrickPtr& b) {
    return a != nullptr && b != nullptr && a->samples == b->samples;
}

/// The i-th of many bricks around the origin.
inline BrickKey key_number(int i) {
    return *key_of({{i % 40 - 20, i / 40 % 5 - 2, i / 200}, i % 7 == 0 ? 1 : 0});
}

/// A new folder, removed with what is in it. In memory where there is such a place: a thousand saves
/// would wait for a disk a thousand times.
class TemporaryFolder {
public:
    TemporaryFolder() {
        const std::filesystem::path memory = "/dev/shm";
        std::error_code ignored;
        const std::filesystem::path place = std::filesystem::is_directory(memory, ignored)
                                                ? memory
                                                : std::filesystem::temp_directory_path();
        std::random_device any;
        do path_ = place / ("nebula-" + std::to_string(any()));
        while (!std::filesystem::create_directory(path_));
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const {
        return name_of(path_ / path_of(name));
    }

private:
    std::filesystem::path path_;
};

inline std::string content(const std::string& path) {
    std::ifstream in(path_of(path), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
inline void set_content(const std::string& path, const std::string& bytes) {
    std::ofstream(path_of(path), std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace nebula::voxel

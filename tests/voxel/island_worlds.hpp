// SPDX-License-Identifier: MIT
// Worlds with ground that hangs on little.
#pragma once

#include "test_fields.hpp"

#include "nebula/voxel/field/generator.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace nebula::voxel {

/// Samples of a function, at every level alike.
class FieldGenerator final : public Generator {
public:
    explicit FieldGenerator(std::function<Sample(Vec3i)> field) : field_(std::move(field)) {}
    void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                  std::ptrdiff_t stride_z) const override {
        const Vec3i size = region.box.max - region.box.min;
        for (int z = 0; z < size.z; ++z)
            for (int y = 0; y < size.y; ++y)
                for (int x = 0; x < size.x; ++x)
                    out[x + y * stride_y + z * stride_z] =
                        field_(to_level_0(region.box.min + Vec3i{x, y, z}, region.level));
    }

private:
    std::function<Sample(Vec3i)> field_;
};

/// Coarse levels ask for points whose squares are no ints.
inline std::int64_t square_of_length(Vec3i p) {
    const auto square = [](std::int32_t n) { return std::int64_t{n} * n; };
    return square(p.x) + square(p.y) + square(p.z);
}

/// Lumps of ground and of air as large as a few voxels: much of it hangs on little.
inline std::shared_ptr<const Generator> lumps(std::uint64_t seed) {
    return std::make_shared<FieldGenerator>([seed](Vec3i p) {
        constexpr std::int32_t edge = 3;
        const Vec3i cell = floor_div(p, edge);
        const Vec3i in = floor_mod(p, edge);
        int sum = 0;
        for (int i = 0; i < 8; ++i) {
            const auto share = [&](int bit, int at) {
                return (i >> bit & 1) != 0 ? at : edge - at;
            };
            const Vec3i corner = cell + Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1};
            const int value = static_cast<int>(test::hash_of(corner, seed) % 255U) - 127;
            sum += value * share(0, in.x) * share(1, in.y) * share(2, in.z);
        }
        const int d = std::min(sum / (edge * edge * edge) + 16, int{kSampleMax});
        return static_cast<Sample>(d == 0 ? 1 : d);
    });
}

}  // namespace nebula::voxel

// SPDX-License-Identifier: MIT
// Which chunks must be meshed again after a brick has changed.
#pragma once

#include "nebula/voxel/edit/detail/paint_sphere.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace nebula::voxel::detail {

/// Bit x: the rows differ at x.
[[nodiscard]] inline std::uint32_t difference_of_rows(const Sample* a, const Sample* b) noexcept {
    if (std::memcmp(a, b, kBrickSize) == 0) return 0;
    std::uint32_t mask = 0;
    for (std::size_t x = 0; x < kBrickSize; ++x)
        mask |= static_cast<std::uint32_t>(a[x] != b[x]) << x;
    return mask;
}

/// Replaces a row's samples; returns which have changed.
inline std::uint32_t replace_row(Sample* row, const std::array<Sample, kBrickSize>& by) noexcept {
    const std::uint32_t mask = difference_of_rows(row, by.data());
    if (mask != 0) std::memcpy(row, by.data(), kBrickSize);
    return mask;
}

/// Which samples of a brick changed, as far as it matters to the chunks around it. On each axis a
/// brick belongs to one chunk, and another chunk reads the samples on its border side: two samples
/// (a chunk's corner 32 and the ring beyond) if the brick is the first of its chunk, one (the ring
/// before) if it is the last.
class ChangedSamples {
public:
    explicit ChangedSamples(BrickId brick)
        : x_(border(brick.at.x)), y_(border(brick.at.y)), z_(border(brick.at.z)) {}

    /// A row's changed samples are the bits of `mask`.
    void add_row(int y, int z, std::uint32_t mask) {
        columns_[(y_ >> y & 1U) | (z_ >> z & 1U) << 1U] |= mask;
    }
    [[nodiscard]] std::uint32_t border_y() const { return y_; }
    [[nodiscard]] std::uint32_t border_z() const { return z_; }
    [[nodiscard]] ChangedColumns& columns() { return columns_; }
    [[nodiscard]] bool any() const {
        return (columns_[0] | columns_[1] | columns_[2] | columns_[3]) != 0;
    }

    /// Appends the chunks whose block reads a changed sample.
    void append_chunks(BrickId brick, std::vector<ChunkId>& out) const {
        unsigned classes = 0;  // bit c: a changed sample lies on the borders of exactly axes c
        for (unsigned yz = 0; yz < columns_.size(); ++yz) {
            if ((columns_[yz] & x_) != 0) classes |= 1U << (yz << 1U | 1U);
            if ((columns_[yz] & ~x_) != 0) classes |= 1U << (yz << 1U);
        }
        const Vec3i own = floor_div(brick.at, 2);
        const auto side = [](std::int32_t b) { return floor_mod(b, 2) == 0 ? -1 : 1; };
        const Vec3i beyond{side(brick.at.x), side(brick.at.y), side(brick.at.z)};
        for (unsigned axes = 0; axes < 8; ++axes) {
            bool reads = false;  // a changed sample on the border of every axis in `axes`
            for (unsigned c = 0; c < 8; ++c)
                reads |= (classes & (1U << c)) != 0 && (c & axes) == axes;
            if (reads)
                out.push_back(
                    {own + Vec3i{(axes & 1U) != 0 ? beyond.x : 0, (axes & 2U) != 0 ? beyond.y : 0,
                                 (axes & 4U) != 0 ? beyond.z : 0},
                     brick.level});
        }
    }

private:
    static std::uint32_t border(std::int32_t brick) {
        return floor_mod(brick, 2) == 0 ? 0x0003U : 0x8000U;
    }

    std::uint32_t x_, y_, z_;
    ChangedColumns columns_{};
};

}  // namespace nebula::voxel::detail

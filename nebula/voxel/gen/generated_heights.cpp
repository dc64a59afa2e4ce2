// SPDX-License-Identifier: MIT
#include "nebula/voxel/gen/generated_heights.hpp"

#include "nebula/voxel/field/sample.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace nebula::voxel {
namespace {

constexpr std::int32_t kCellsAtOnce = 32;  // along each axis of what is sampled
constexpr float kNoGround = -std::numeric_limits<float>::infinity();

class Search {
public:
    Search(const Generator& generator, const Columns& columns)
        : generator_(generator),
          columns_(columns),
          found_(static_cast<std::size_t>(columns.width) * static_cast<std::size_t>(columns.depth),
                 kNoGround),
          samples_(std::size_t{kCellsAtOnce} * kCellsAtOnce * (kCellsAtOnce + 1)) {}

    std::vector<float> run() {
        const std::int32_t top = kMostGeneratedHeight >> columns_.level;
        for (std::int32_t z = 0; z < columns_.depth; z += kCellsAtOnce)
            for (std::int32_t x = 0; x < columns_.width; x += kCellsAtOnce) {
                x_ = x;
                z_ = z;
                width_ = std::min(kCellsAtOnce, columns_.width - x);
                depth_ = std::min(kCellsAtOnce, columns_.depth - z);
                missing_ = width_ * depth_;
                descend(-top, top);
            }
        return std::move(found_);
    }

private:
    [[nodiscard]] Region region(std::int32_t low, std::int32_t high) const {
        const Vec3i corner{columns_.x + x_, low, columns_.z + z_};
        return {{corner, corner + Vec3i{width_, high - low + 1, depth_}}, columns_.level};
    }

    // The cells from low to high, the upper ones first. There is a surface only between two points, so the
    // points at both ends count: what is proven to be alike has none.
    void descend(std::int32_t low, std::int32_t high) {
        if (missing_ == 0) return;
        const Range range = generator_.bounds(region(low, high));
        if (range.all_air() || range.all_solid()) return;
        if (high - low <= kCellsAtOnce) return search(low, high);
        const std::int32_t middle = low + (high - low) / 2;
        descend(middle, high);
        descend(low, middle);
    }

    void search(std::int32_t low, std::int32_t high) {
        const std::ptrdiff_t stride_y = width_;
        const std::ptrdiff_t stride_z = stride_y * (high - low + 1);
        generator_.generate(region(low, high), samples_.data(), stride_y, stride_z);
        for (std::int32_t z = 0; z < depth_; ++z)
            for (std::int32_t x = 0; x < width_; ++x) {
                float& height = found_[static_cast<std::size_t>(z_ + z) *
                                           static_cast<std::size_t>(columns_.width) +
                                       static_cast<std::size_t>(x_ + x)];
                if (height != kNoGround) continue;
                const Sample* const column = samples_.data() + x + z * stride_z;
                for (std::int32_t y = high - low - 1; y >= 0; --y) {
                    const Sample below = column[y * stride_y];
                    const Sample above = column[(y + 1) * stride_y];
                    if (!is_inside(below) || is_inside(above)) continue;
                    const auto share =
                        static_cast<float>(below) / static_cast<float>(int{below} - int{above});
                    height = (static_cast<float>(low + y) + share) * voxel_size(columns_.level);
                    --missing_;
                    break;
                }
            }
    }

    const Generator& generator_;
    const Columns columns_;
    std::vector<float> found_;
    std::vector<Sample> samples_;
    // The columns at hand, counted from the first.
    std::int32_t x_ = 0, z_ = 0, width_ = 0, depth_ = 0;
    std::int32_t missing_ = 0;
};

}  // namespace

std::vector<float> generated_heights(const Generator& generator, const Columns& columns) {
    return Search(generator, columns).run();
}

}  // namespace nebula::voxel

// SPDX-License-Identifier: MIT
#include "moon_generator.hpp"

#include <nebula/godot/binding/errors.hpp>
#include <nebula/godot/generator/generator_code.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

using namespace nebula::godot;

namespace {

constexpr float kCell = 48.0F;  // one crater in each square of this width

// A pure function of the point, so workers may ask it in any order and for any box. It knows nothing of
// the engine, and nothing of the resource, which may change while a terrain still uses this.
class Moon final : public GeneratorCode {
public:
    explicit Moon(float depth) : depth_(depth) {}

    void distances(const NebulaPoints& points, float* out) const override {
        for (std::int32_t z = 0; z < points.size[2]; ++z)
            for (std::int32_t y = 0; y < points.size[1]; ++y)
                for (std::int32_t x = 0; x < points.size[0]; ++x) {
                    const auto at = [&](int axis, std::int32_t i) {
                        return static_cast<float>(points.at[axis] + i * points.step);
                    };
                    // The height above the ground is distance enough where the slopes are gentle.
                    *out++ = at(1, y) - height(at(0, x), at(2, z));
                }
    }

    // Without it, the air and the rock far below would be computed point by point.
    std::optional<Bounds> bounds(const NebulaPoints& points) const noexcept override {
        const auto low = static_cast<float>(points.at[1]);
        const auto high = static_cast<float>(points.at[1] + (points.size[1] - 1) * points.step);
        return Bounds{low, high + depth_};
    }

private:
    float height(float x, float z) const {
        const auto from_centre = [](float v) { return v - (std::floor(v / kCell) + 0.5F) * kCell; };
        const float dx = from_centre(x);
        const float dz = from_centre(z);
        const float inside = 1.0F - std::sqrt(dx * dx + dz * dz) / (0.4F * kCell);
        return inside > 0.0F ? -depth_ * std::min(1.0F, 2.0F * inside) : 0.0F;
    }

    float depth_;
};

}  // namespace

std::int64_t MoonGenerator::make() const {
    return hand_over(std::make_unique<Moon>(static_cast<float>(depth())));
}

// A world file keeps these words, and warns when they are others.
std::string MoonGenerator::describe() const { return "depth=" + std::to_string(depth()); }

void MoonGenerator::set_depth(double depth) {
    if (!(depth >= 0.0 && depth <= 20.0))  // false for NaN, too
        return print_error("ExampleMoonGenerator.depth must be from 0 to 20");
    depth_ = depth;
    emit_changed();
}

void MoonGenerator::bind(ClassBuilder<MoonGenerator>& c) {
    c.any_thread();  // as every resource must be
    c.doc("A plain full of craters, for a [VoxelNativeGenerator].");
    c.property("depth", &MoonGenerator::depth, &MoonGenerator::set_depth,
               Hint::range(0, 20, 0.1, "suffix:voxels"), "How deep the craters are, in voxels.");
    c.method(kMakeGenerator, &MoonGenerator::make);
    c.method(kDescribeGenerator, &MoonGenerator::describe);
}

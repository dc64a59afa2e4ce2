// SPDX-License-Identifier: MIT
#include "nebula/godot/generator/foreign_generator.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace nebula::godot {
namespace {

using voxel::Box3i;
using voxel::Region;
using voxel::Sample;
using voxel::Vec3i;

NebulaPoints points_of(const Region& region) {
    const Vec3i at = to_level_0(region.box.min, region.level);
    const Vec3i size = region.box.max - region.box.min;
    return {{at.x, at.y, at.z}, {size.x, size.y, size.z}, std::int32_t{1} << region.level};
}

/// The maker's library is loaded while this exists and is true.
class Visit {
public:
    explicit Visit(NebulaGenerator* generator) noexcept
        : generator_(nebula_generator_enter(generator) != 0 ? generator : nullptr) {}
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() {
        if (generator_ != nullptr) nebula_generator_leave(generator_);
    }
    explicit operator bool() const noexcept { return generator_ != nullptr; }

private:
    NebulaGenerator* generator_;
};

// The functions that may fail have this form; `T` is what they write.
template <class T>
using Fill = int (*)(void*, const NebulaPoints*, T*, NebulaWhy*);

template <class T>
void ask(NebulaGenerator& made, Fill<T> fill, const NebulaPoints& points, T* out) {
    const Visit visit(&made);
    if (!visit)
        throw std::runtime_error(
            "the extension that made this world was unloaded or reloaded; the terrain must be "
            "generated anew");
    NebulaWhy why{};
    if (fill(made.data, &points, out, &why) != 0) return;
    why.text[sizeof why.text - 1] = '\0';
    throw std::runtime_error(why.text[0] != '\0' ? why.text : "it failed without saying why");
}

/// Calls `write(box, values)` for boxes that make up the region, with what `fill` writes for each.
template <class T, class Write>
void in_boxes(const Region& region, NebulaGenerator& made, Fill<T> fill, Write&& write) {
    constexpr std::int32_t most = NEBULA_MOST_POINTS;
    const Box3i& all = region.box;
    if (all.empty()) return;
    const std::int32_t width = std::min(all.max.x - all.min.x, most);
    const std::int32_t height = std::min(all.max.y - all.min.y, most / width);
    const std::int32_t depth = std::min(all.max.z - all.min.z, most / (width * height));
    std::array<T, NEBULA_MOST_POINTS> values;
    for (std::int32_t z = all.min.z; z < all.max.z; z += depth)
        for (std::int32_t y = all.min.y; y < all.max.y; y += height)
            for (std::int32_t x = all.min.x; x < all.max.x; x += width) {
                const Box3i box{{x, y, z},
                                {std::min(x + width, all.max.x), std::min(y + height, all.max.y),
                                 std::min(z + depth, all.max.z)}};
                ask(made, fill, points_of({box, region.level}), values.data());
                write(box, values.data());
            }
}

/// Puts `value(each)` where the region's point belongs.
template <class Out, class T, class Value>
void put(const Region& region, const Box3i& box, const T* values, Out* out, std::ptrdiff_t stride_y,
         std::ptrdiff_t stride_z, Value&& value) {
    const Vec3i from = region.box.min;
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y) {
            Out* const row =
                out + (box.min.x - from.x) + (y - from.y) * stride_y + (z - from.z) * stride_z;
            const std::int32_t width = box.max.x - box.min.x;
            for (std::int32_t x = 0; x < width; ++x) row[x] = value(*values++);
        }
}

/// Levels must agree about the sign of a point, also where the division leaves nothing of its distance.
Sample sample_of(float distance, float voxel_size) {
    const float voxels = distance / voxel_size;
    return voxel::quantize(voxels != 0.0F ? voxels : distance);
}

voxel::Material checked(std::uint8_t material) {
    if (material < voxel::kMaterials) return material;
    throw std::runtime_error("it gave a point the material " + std::to_string(material) +
                             "; materials are 0 to " + std::to_string(voxel::kMaterials - 1));
}

}  // namespace

void LetGo::operator()(NebulaGenerator* generator) const noexcept {
    {
        const Visit visit(generator);
        if (visit) generator->unused(generator);
    }
    nebula_generator_drop(generator);
}

ForeignGenerator::ForeignGenerator(NebulaGenerator* made, const voxel::GroundLayers& layers)
    : layers_(layers) {
    if (made == nullptr) throw std::invalid_argument("it made none");
    // Nothing else of an unknown version can be trusted, so its share stays where it is.
    if (made->version != NEBULA_GENERATOR_VERSION)
        throw std::invalid_argument("it was built for version " + std::to_string(made->version) +
                                    " of nebula_generator.h, and this add-on has version " +
                                    std::to_string(NEBULA_GENERATOR_VERSION) + ": build it anew");
    if (made->size < sizeof(NebulaGenerator))
        throw std::invalid_argument("its size is " + std::to_string(made->size) + " and not " +
                                    std::to_string(sizeof(NebulaGenerator)) +
                                    ": build it anew, with nebula_generator_new()");
    if (nebula_generator_take(made) == 0)
        throw std::invalid_argument(
            "it was handed over before, and each world needs a new one from "
            "nebula_generator_new()");
    if (made->unused == nullptr) {
        nebula_generator_drop(made);
        throw std::invalid_argument("its function unused is null");
    }
    made_.reset(made);
    if (made->distances == nullptr) throw std::invalid_argument("its function distances is null");
    voxel::require_layers(layers, "native generator");
}

bool ForeignGenerator::is_withdrawn() const noexcept {
    return nebula_generator_is_withdrawn(made_.get()) != 0;
}

void ForeignGenerator::generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                                std::ptrdiff_t stride_z) const {
    const float size = voxel::voxel_size(region.level);
    in_boxes<float>(region, *made_, made_->distances, [&](const Box3i& box, const float* values) {
        put(region, box, values, out, stride_y, stride_z,
            [size](float distance) { return sample_of(distance, size); });
    });
}

std::optional<ForeignGenerator::Bounds> ForeignGenerator::distance_bounds(
    const Region& region) const noexcept {
    if (made_->bounds == nullptr || region.box.empty()) return {};
    const Visit visit(made_.get());
    const NebulaPoints points = points_of(region);
    Bounds found{};
    if (!visit || made_->bounds(made_->data, &points, &found.least, &found.most) == 0) return {};
    if (!(found.least <= found.most)) return {};  // nor with NaN
    return found;
}

voxel::Range ForeignGenerator::bounds(const Region& region) const noexcept {
    const auto found = distance_bounds(region);
    if (!found) return {};
    const float size = voxel::voxel_size(region.level);
    return {sample_of(found->least, size), sample_of(found->most, size)};
}

void ForeignGenerator::generate_materials(const Region& region, voxel::Material* out,
                                          std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) const {
    if (made_->materials != nullptr)
        return in_boxes<std::uint8_t>(
            region, *made_, made_->materials, [&](const Box3i& box, const std::uint8_t* values) {
                put(region, box, values, out, stride_y, stride_z, checked);
            });
    in_boxes<float>(region, *made_, made_->distances, [&](const Box3i& box, const float* values) {
        put(region, box, values, out, stride_y, stride_z,
            // NaN is air, which has the material of the surface.
            [this](float distance) { return layers_.at(distance < 0.0F ? -distance : 0.0F); });
    });
}

std::optional<voxel::Material> ForeignGenerator::uniform_material(
    const Region& region) const noexcept {
    if (made_->materials == nullptr) {
        constexpr float far = std::numeric_limits<float>::infinity();
        if (const auto only = layers_.uniform(-far, far)) return only;
        const auto found = distance_bounds(region);
        if (!found) return {};
        return layers_.uniform(-found->most, -found->least);
    }
    if (made_->one_material == nullptr || region.box.empty()) return {};
    const Visit visit(made_.get());
    const NebulaPoints points = points_of(region);
    std::uint8_t material = 0;
    if (!visit || made_->one_material(made_->data, &points, &material) == 0) return {};
    if (material >= voxel::kMaterials) return {};
    return material;
}

}  // namespace nebula::godot

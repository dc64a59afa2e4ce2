// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/part_mesh.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>

namespace nebula::voxel {

namespace {

Vec3f floats(Vec3i v) {
    return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}

void fill(SampleBlock& block, Vec3i origin, const GroundPart& part) {
    for (int z = SampleBlock::kFirst; z <= SampleBlock::kLast; ++z)
        for (int y = SampleBlock::kFirst; y <= SampleBlock::kLast; ++y)
            for (int x = SampleBlock::kFirst; x <= SampleBlock::kLast; ++x)
                block.at(x, y, z) = part.at(origin + Vec3i{x, y, z});
}

// Those of its corners; air beyond the box has any.
void fill(MaterialBlock& block, Vec3i origin, const GroundPart& part) {
    const Vec3i size = part.box.max - part.box.min;
    block.is_uniform = false;
    for (int z = 0; z < MaterialBlock::kEdge; ++z)
        for (int y = 0; y < MaterialBlock::kEdge; ++y)
            for (int x = 0; x < MaterialBlock::kEdge; ++x) {
                const Vec3i p = origin + Vec3i{x, y, z};
                const Vec3i at = p - part.box.min;
                const auto index = static_cast<std::size_t>(at.x + size.x * (at.y + size.y * at.z));
                block.materials[MaterialBlock::index(x, y, z)] =
                    part.box.contains(p) ? part.materials[index] : Material{0};
            }
}

// What a mesher needs for the materials, which is much and often not wanted.
struct MaterialInput {
    StripSamples strips;
    MaterialBlock materials;
};

void append_materials(const ChunkMesh& chunk, PartMesh& out) {
    for (std::uint32_t v = 0; v < chunk.vertex_count; ++v)
        out.materials.push_back(chunk.attribute_data.empty()
                                    ? MaterialAttribute::of({chunk.material, 0, 0, 0}, 0)
                                    : chunk.materials(v));
}

void append(const ChunkMesh& chunk, Vec3f offset, PartMesh& out) {
    const auto first = static_cast<std::uint32_t>(out.positions.size());
    for (std::uint32_t v = 0; v < chunk.vertex_count; ++v) {
        out.positions.push_back(chunk.position(v) + offset);
        out.normals.push_back(chunk.normal(v));
    }
    for (std::uint32_t i = 0; i < chunk.index_count; ++i)
        out.indices.push_back(first + chunk.index(i));
}

}  // namespace

tl::expected<PartMesh, VoxelError> mesh_part(SmoothMesher& mesher, const GroundPart& part) {
    PartMesh out;
    const auto block = std::make_unique_for_overwrite<SampleBlock>();
    std::unique_ptr<MaterialInput> input;
    if (!part.materials.empty()) {
        input = std::make_unique_for_overwrite<MaterialInput>();
        input->strips.mask = 0;
    }
    ChunkMesh chunk;
    // The first cell begins at the air before the first sample.
    const Vec3i first = part.box.min - Vec3i{1, 1, 1};
    for (std::int32_t z = first.z; z < part.box.max.z; z += kChunkSize)
        for (std::int32_t y = first.y; y < part.box.max.y; y += kChunkSize)
            for (std::int32_t x = first.x; x < part.box.max.x; x += kChunkSize) {
                const Vec3i origin{x, y, z};
                fill(*block, origin, part);
                if (input != nullptr) fill(input->materials, origin, part);
                auto done = input == nullptr
                                ? mesher.mesh(*block, chunk)
                                : mesher.mesh(*block, input->strips, input->materials, chunk);
                if (!done) return tl::unexpected(std::move(done.error()));
                append(chunk, floats(origin - part.box.min), out);
                if (input != nullptr) append_materials(chunk, out);
            }
    return out;
}

// ---- Hulls

namespace {

constexpr std::size_t kDirections = 50;
using Directions = std::array<Vec3f, kDirections>;

// Those to the neighbours of a cube, and between them: (2, 1, 0) in all ways.
constexpr Directions kFarIn = [] {
    Directions all{};
    std::size_t count = 0;
    for (int x = -2; x <= 2; ++x)
        for (int y = -2; y <= 2; ++y)
            for (int z = -2; z <= 2; ++z) {
                const int squares = x * x + y * y + z * z;
                const bool is_neighbour = squares >= 1 && squares <= 3;
                const bool is_between = squares == 5;
                if (is_neighbour || is_between)
                    all[count++] = {static_cast<float>(x), static_cast<float>(y),
                                    static_cast<float>(z)};
            }
    return all;
}();

class FarPoints {
public:
    FarPoints() { distance_.fill(-std::numeric_limits<float>::infinity()); }
    void add(Vec3f p) noexcept {
        for (std::size_t i = 0; i < kDirections; ++i) {
            const float far = dot(kFarIn[i], p);
            if (far > distance_[i]) {
                distance_[i] = far;
                points_[i] = p;
            }
        }
    }
    /// Around a sample, so that a hull has a volume even if all points lie in a plane.
    void thicken(Vec3f sample) noexcept {
        if (has_sample_) return;
        has_sample_ = true;
        sample_ = sample;
    }
    /// Empty if no sample is in it: what lies on its border belongs to other cubes.
    [[nodiscard]] std::vector<Vec3f> take() const {
        std::vector<Vec3f> out;
        if (!has_sample_) return out;
        constexpr float thin = 0.125F;
        for (const Vec3f d : {Vec3f{thin, 0, 0}, Vec3f{0, thin, 0}, Vec3f{0, 0, thin}}) {
            out.push_back(sample_ + d);
            out.push_back(sample_ - d);
        }
        for (const Vec3f& p : points_)
            if (std::find(out.begin(), out.end(), p) == out.end()) out.push_back(p);
        return out;
    }

private:
    std::array<float, kDirections> distance_{};
    std::array<Vec3f, kDirections> points_{};
    Vec3f sample_;
    bool has_sample_ = false;
};

// Cubes of a grid that begins at the box's first corner. A cube has the points from one voxel before it
// to its last corner.
class Cubes {
public:
    Cubes(Vec3i size, std::int32_t edge) : edge_(edge) {
        const auto count = [edge](std::int32_t length) { return (length + edge - 1) / edge; };
        counts_ = {count(size.x), count(size.y), count(size.z)};
        cubes_.resize(static_cast<std::size_t>(counts_.x) * static_cast<std::size_t>(counts_.y) *
                      static_cast<std::size_t>(counts_.z));
    }

    struct Range {
        std::int32_t first, last;
    };
    [[nodiscard]] Range range(float c, std::int32_t count) const {
        const auto edge = static_cast<float>(edge_);
        return {std::max(static_cast<std::int32_t>(std::ceil(c / edge)) - 1, 0),
                std::min(static_cast<std::int32_t>(std::floor((c + 1.0F) / edge)), count - 1)};
    }
    void add(Vec3f p) {
        const Range xs = range(p.x, counts_.x);
        const Range ys = range(p.y, counts_.y);
        const Range zs = range(p.z, counts_.z);
        for (std::int32_t z = zs.first; z <= zs.last; ++z)
            for (std::int32_t y = ys.first; y <= ys.last; ++y)
                for (std::int32_t x = xs.first; x <= xs.last; ++x) at({x, y, z}).add(p);
    }
    // The samples from `low` to `high` of a row: of those in one cube, the ends are the farthest.
    void add_run(Vec3i low, std::int32_t high) {
        for (std::int32_t x = low.x / edge_; x <= high / edge_; ++x) {
            const std::int32_t from = std::max(low.x, x * edge_ - 1);
            const std::int32_t to = std::min(high, (x + 1) * edge_);
            add(floats({from, low.y, low.z}));
            add(floats({to, low.y, low.z}));
            const std::int32_t own = std::max(low.x, x * edge_);
            at({x, low.y / edge_, low.z / edge_}).thicken(floats({own, low.y, low.z}));
        }
    }
    [[nodiscard]] std::vector<std::vector<Vec3f>> take() const {
        std::vector<std::vector<Vec3f>> out;
        for (const FarPoints& cube : cubes_)
            if (auto points = cube.take(); !points.empty()) out.push_back(std::move(points));
        return out;
    }

private:
    FarPoints& at(Vec3i cube) {
        return cubes_[static_cast<std::size_t>(cube.x + counts_.x * (cube.y + counts_.y * cube.z))];
    }

    std::int32_t edge_;
    Vec3i counts_;
    std::vector<FarPoints> cubes_;
};

}  // namespace

std::vector<std::vector<Vec3f>> hulls_of(const PartMesh& mesh, const GroundPart& part,
                                         std::int32_t edge) {
    NEBULA_ASSERT(edge >= 4,
                  "cubes of less than 4 voxels would be more bodies than physics can bear");
    const Vec3i size = part.box.max - part.box.min;
    Cubes cubes(size, edge);
    for (const Vec3f& p : mesh.positions) cubes.add(p);
    for (std::int32_t z = 0; z < size.z; ++z)
        for (std::int32_t y = 0; y < size.y; ++y)
            for (std::int32_t x = 0; x < size.x; ++x) {
                const std::int32_t low = x;
                while (x < size.x && part.has(part.box.min + Vec3i{x, y, z})) ++x;
                if (x > low) cubes.add_run({low, y, z}, x - 1);
            }
    return cubes.take();
}

}  // namespace nebula::voxel

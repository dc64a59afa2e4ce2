// SPDX-License-Identifier: MIT
#include "tests/godot/probe/terrain_probe.hpp"

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/api/rendering_server.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/voxel/chunk_surface.hpp"
#include "nebula/godot/voxel/voxel_generator.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"
#include "tests/godot/probe/allocations.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>

namespace nebula::godot {
namespace {

const TerrainView& view_of(const VoxelTerrain* terrain) {
    if (terrain == nullptr || terrain->view() == nullptr)
        throw std::invalid_argument("the terrain has no world");
    return *terrain->view();
}

class TerrainProbe : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaTerrainProbe";
    using Extension::Extension;

    static void bind(ClassBuilder<TerrainProbe>& c) {
        c.method("place", &TerrainProbe::place, {"terrain"});
        c.method("scenario", &TerrainProbe::scenario, {"terrain"});
        c.method("chunk_mesh", &TerrainProbe::chunk_mesh, {"chunk"});
        c.method("material_mesh", &TerrainProbe::material_mesh, {"materials", "with_colors"});
        c.method("warnings", &TerrainProbe::warnings, {"terrain"});
        c.method("refuse_steps", &TerrainProbe::refuse_steps, {"refuse"})
            .doc("No memory for the steps of any terrain. False where it cannot be taken.");
        c.method("refuse_edits", &TerrainProbe::refuse_edits, {"refuse"})
            .doc("No memory for hard edits of any terrain. False where it cannot be taken.");
    }

private:
    /// Where its chunks are drawn.
    Transform3D place(VoxelTerrain* terrain) const { return view_of(terrain).place(); }
    RID scenario(VoxelTerrain* terrain) const { return view_of(terrain).look().scenario; }
    /// A sphere's chunk (chunk, 0, 0): its arrays as the engine decodes them, and its normals as the
    /// mesher decodes them.
    Dictionary chunk_mesh(std::int64_t chunk) const {
        const auto block = std::make_unique<voxel::SampleBlock>();
        block->chunk = {{static_cast<std::int32_t>(chunk), 0, 0}};
        const voxel::Vec3i first = block->chunk.at * voxel::kChunkSize +
                                   voxel::Vec3i{1, 1, 1} * voxel::SampleBlock::kFirst;
        const voxel::Vec3i last = first + voxel::Vec3i{1, 1, 1} * voxel::SampleBlock::kEdge;
        voxel::SphereGenerator({32.3F, 16.9F, 14.6F}, 14.3F)
            .generate({{first, last}, 0}, block->samples.data(), voxel::SampleBlock::kStepY,
                      voxel::SampleBlock::kStepZ);
        voxel::ChunkMesh mesh;
        if (!voxel::SmoothMesher().mesh(*block, mesh)) throw std::runtime_error("no mesh");
        PackedVector3Array normals;
        normals.resize(mesh.vertex_count);
        for (std::uint32_t i = 0; i < mesh.vertex_count; ++i) {
            const voxel::Vec3f normal = mesh.normal(i);
            normals.write()[i] = {normal.x, normal.y, normal.z};
        }
        const RendererMesh made = ChunkSurface(mesh, nullptr).take_mesh();
        return {{"arrays", RenderingServer::singleton().mesh_surface_get_arrays(made.rid(), 0)},
                {"normals", normals},
                {"bytes", mesh.vertex_data.size()}};
    }
    /// A slope whose corners are of so many materials in turn, along x; material m has colour m: its
    /// arrays as the engine decodes them.
    Dictionary material_mesh(std::int64_t materials, bool with_colors) const {
        const auto block = std::make_unique<voxel::SampleBlock>();
        const auto strips = std::make_unique<voxel::StripSamples>();
        const auto of = std::make_unique<voxel::MaterialBlock>();
        for (int z = voxel::SampleBlock::kFirst; z <= voxel::SampleBlock::kLast; ++z)
            for (int y = voxel::SampleBlock::kFirst; y <= voxel::SampleBlock::kLast; ++y)
                for (int x = voxel::SampleBlock::kFirst; x <= voxel::SampleBlock::kLast; ++x)
                    block->at(x, y, z) = voxel::quantize(static_cast<float>(y) - 16.5F);
        of->is_uniform = false;
        for (std::size_t i = 0; i < of->materials.size(); ++i)
            of->materials[i] = static_cast<voxel::Material>(i % voxel::MaterialBlock::kEdge %
                                                            static_cast<std::size_t>(materials));
        VertexColors colors{};
        for (std::size_t i = 0; i < colors.size(); ++i)
            colors[i] = static_cast<std::uint32_t>(i) | 0xFF000000U;
        voxel::ChunkMesh mesh;
        if (!voxel::SmoothMesher().mesh(*block, *strips, *of, mesh))
            throw std::runtime_error("no mesh");
        ChunkSurface surface(mesh, with_colors ? &colors : nullptr);
        const int material = surface.material();
        const RendererMesh made = surface.take_mesh();
        return {{"arrays", RenderingServer::singleton().mesh_surface_get_arrays(made.rid(), 0)},
                {"material", material}};
    }
    PackedStringArray warnings(VoxelTerrain* terrain) const {
        return terrain->configuration_warnings();
    }
    bool refuse_edits(bool refuse) {
        return refuse_allocations(refuse ? sizeof(voxel::EditedBrick) : 0);
    }
    bool refuse_steps(bool refuse) {
        return refuse_allocations(refuse ? sizeof(voxel::detail::CommitGroup) : 0);
    }
};

/// A generator that a test can break.
class ProbeGenerator final : public Extension<VoxelGenerator> {
public:
    static constexpr const char* kClassName = "NebulaProbeGenerator";
    using Extension::Extension;

    static void bind(ClassBuilder<ProbeGenerator>& c) {
        c.any_thread();
        c.property("builds", &ProbeGenerator::builds, &ProbeGenerator::set_builds);
        c.property("broken_from_x", &ProbeGenerator::broken_from_x,
                   &ProbeGenerator::set_broken_from_x);
        c.property("takes_msec", &ProbeGenerator::takes_msec, &ProbeGenerator::set_takes_msec);
    }

    [[nodiscard]] std::shared_ptr<const voxel::Generator> build() const override {
        if (!builds_) throw std::invalid_argument("this generator builds nothing");
        return std::make_shared<Ground>(static_cast<int>(broken_from_x_), takes_msec_);
    }

private:
    /// Level ground; asking for a box that reaches `broken_from_x` throws, and any takes its time on a
    /// worker.
    class Ground final : public voxel::Generator {
    public:
        Ground(int broken_from_x, std::int64_t takes_msec)
            : broken_from_x_(broken_from_x), takes_(takes_msec) {}
        void generate(const voxel::Region& region, voxel::Sample* out, std::ptrdiff_t stride_y,
                      std::ptrdiff_t stride_z) const override {
            if (region.box.max.x > broken_from_x_)
                throw std::runtime_error("the ground is broken here");
            if (takes_.count() > 0 && !is_main_thread()) std::this_thread::sleep_for(takes_);
            flat_.generate(region, out, stride_y, stride_z);
        }

    private:
        int broken_from_x_;
        std::chrono::milliseconds takes_;
        voxel::FlatGenerator flat_{0.0F};
    };

    bool builds() const { return builds_; }
    void set_builds(bool builds) { builds_ = builds; }
    std::int64_t broken_from_x() const { return broken_from_x_; }
    void set_broken_from_x(std::int64_t x) { broken_from_x_ = x; }
    std::int64_t takes_msec() const { return takes_msec_; }
    void set_takes_msec(std::int64_t msec) { takes_msec_ = msec; }

    std::atomic<bool> builds_{true};
    std::atomic<std::int64_t> broken_from_x_{1'000'000};
    std::atomic<std::int64_t> takes_msec_{0};
};

}  // namespace

void register_terrain_probe() {
    register_class<TerrainProbe>();
    register_class<ProbeGenerator>();
}

}  // namespace nebula::godot

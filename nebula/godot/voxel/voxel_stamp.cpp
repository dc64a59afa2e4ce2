// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_stamp.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/api/array_mesh.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/task.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nebula::godot {
namespace {

// From where a stamp is put; more would be a mistake.
constexpr std::int32_t kMostOffset = 1'000'000;

std::string stamp_place(const char* method) { return std::string("VoxelStamp.") + method + ": "; }

// Null, for a method that gives a stamp.
Variant refuse(const std::string& what) {
    log(LogLevel::Error, what);
    return {};
}

bool is_finite(const Vector3& v) {
    return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z);
}

using Made = tl::expected<voxel::MeshGrid, voxel::VoxelError>;

voxel::MeshGrid at_its_corner(voxel::DistanceGrid grid) { return {std::move(grid), {}}; }

// Of a mesh's surfaces as the engine has them, before anybody looks at them.
struct Surfaces {
    struct Surface {
        PackedVector3Array vertices;
        PackedInt32Array indices;  // empty: the vertices are in order
    };
    std::vector<Surface> all;
    static constexpr auto kVertices = static_cast<std::size_t>(Mesh::ArrayType::ARRAY_VERTEX);
    static constexpr auto kIndices = static_cast<std::size_t>(Mesh::ArrayType::ARRAY_INDEX);

    explicit Surfaces(const Mesh& mesh) {
        const auto array_mesh = cast_to<ArrayMesh>(mesh);  // others do not say what they are of
        for (std::int32_t i = 0; i < mesh.get_surface_count(); ++i) {
            if (array_mesh && array_mesh.surface_get_primitive_type(i) !=
                                  Mesh::PrimitiveType::PRIMITIVE_TRIANGLES)
                continue;
            const Array arrays = mesh.surface_get_arrays(i);
            if (arrays.size() <= kIndices) continue;
            Surface& surface = all.emplace_back();
            if (auto some = arrays[kVertices].try_to<PackedVector3Array>())
                surface.vertices = *std::move(some);
            if (auto some = arrays[kIndices].try_to<PackedInt32Array>())
                surface.indices = *std::move(some);
        }
    }

    [[nodiscard]] Made grid(const Transform3D& transform) const try {
        std::vector<voxel::Vec3f> vertices;
        std::vector<std::uint32_t> indices;
        for (const Surface& surface : all) {
            const auto first = static_cast<std::uint32_t>(vertices.size());
            for (const Vector3& corner : surface.vertices.view()) {
                const Vector3 at = transform.basis * corner + transform.origin;
                vertices.push_back({at.x, at.y, at.z});
            }
            for (const std::int32_t index : surface.indices.view())
                indices.push_back(first + static_cast<std::uint32_t>(index));
            if (surface.indices.is_empty())
                for (auto i = first; i < vertices.size(); ++i) indices.push_back(i);
        }
        return voxel::grid_of_mesh({vertices, indices});
    } catch (...) {
        return tl::unexpected(voxel::error_of_current_exception());
    }
};

// `make` is called on a worker, and returns Made.
template <class F>
task<Variant> make_on_worker(std::string where, F make) {
    auto job = shared_pool().run(std::move(make), {.band = Band::Normal, .name = "stamp"});
    auto made = co_await job;
    if (!made) co_return refuse(where + made.error().message + '.');
    co_return Variant(VoxelStamp::make(std::move(made->grid), made->origin));
}

template <class F>
Variant awaited(const std::string& where, F&& make) {
    // Whoever waits takes null for a failure.
    return make_awaitable(make_on_worker(where, std::forward<F>(make)),
                          {.name = std::string_view(where).substr(0, where.find(':')),
                           .when_cancelled = Variant()})
        ->wait();
}

}  // namespace

void VoxelStamp::bind(ClassBuilder<VoxelStamp>& c) {
    using Self = VoxelStamp;
    c.any_thread();
    c.doc("A shape of any form to be stamped into the ground of a VoxelTerrain.",
          "Make one from a closed mesh with [method from_mesh], from copied ground with [method "
          "VoxelTerrain.copy_box], or from distances of your own with [method from_distances]; "
          "then use it as often as you like, with [method VoxelTerrain.dig_stamp], [method "
          "VoxelTerrain.add_stamp], [method VoxelTerrain.paint_stamp] and [method "
          "VoxelTerrain.paste_stamp], or in a [VoxelBrush]. It can be saved like any resource.\n\n"
          "One point of it is one voxel of the terrain, which is 1 m unless the terrain is scaled. "
          "It may be turned, but keeps its size.");
    c.method("from_mesh", &Self::from_mesh, {"mesh", "transform"})
        .defaults(Transform3D())
        .doc(
            "Makes a stamp of a closed mesh on a worker, and gives it, or null after an error:\n"
            "[codeblock]\nvar rock: VoxelStamp = await VoxelStamp.from_mesh(mesh)\nif rock:\n    "
            "terrain.add_stamp(rock, global_transform)\n[/codeblock]\n[param transform] takes the "
            "mesh to voxels, so its scale makes the stamp larger or smaller; the origin is where "
            "the stamp is put. A mesh is closed if each edge lies between two triangles that face "
            "the same way. It may have up to 1000000 triangles and must fit into 247 voxels along "
            "each axis. Only the main thread may call this.");
    c.method("from_distances", &Self::from_distances, {"size", "distances", "materials"})
        .defaults(PackedByteArray())
        .doc(
            "Makes a stamp of signed distances on a worker, and gives it, or null after an error: "
            "see [method from_mesh]. [param size] is the number of points along each axis, from 2 "
            "to 256. [param distances] has one for each point, in voxels, negative inside the "
            "shape, in the order of [method VoxelTerrain.read_box]. [param materials] has one byte "
            "for each point, from 0 to 127, or none; only [method VoxelTerrain.paste_stamp] looks "
            "at them. The first point lies where the stamp is put, see [member offset].");
    c.read_only_property("size", &Self::size, Hint::read_only(),
                         "How many points it has along each axis.");
    c.property("offset", &Self::offset, &Self::set_offset, {},
               "Where its first point lies, in voxels from the place where the stamp is put. For a "
               "mesh, that place is the mesh's origin.");
    c.property("data", &Self::data, &Self::set_data, Hint::hidden(),
               "The distances and materials as they are saved. Data that is no stamp is refused "
               "with an error.");
}

Variant VoxelStamp::from_mesh(const Ref<Mesh>& mesh, const Transform3D& transform) {
    const std::string where = stamp_place("from_mesh");
    if (!is_main_thread())
        return refuse(where + "it was called on another thread than the main one.");
    if (mesh.is_null()) return refuse(where + "mesh is null; give it a Mesh.");
    const Basis& basis = transform.basis;
    if (!is_finite(basis.rows[0]) || !is_finite(basis.rows[1]) || !is_finite(basis.rows[2]) ||
        !is_finite(transform.origin))
        return refuse(where + "transform contains a number that is not finite.");
    return awaited(
        where, [surfaces = Surfaces(mesh.get()), transform] { return surfaces.grid(transform); });
}

Variant VoxelStamp::from_distances(const Vector3i& size, const PackedFloat32Array& distances,
                                   const PackedByteArray& materials) {
    const std::string where = stamp_place("from_distances");
    if (!is_main_thread())
        return refuse(where + "it was called on another thread than the main one.");
    return awaited(where, [size, distances, materials] {
        return voxel::grid_of_distances({size.x, size.y, size.z}, distances.view(),
                                        materials.view())
            .map(at_its_corner);
    });
}

Variant VoxelStamp::from_samples(const std::string& where, voxel::DistanceGrid samples) {
    return awaited(where, [samples = std::move(samples)]() mutable -> Made {
        try {
            voxel::continue_distances(samples);
            return at_its_corner(std::move(samples));
        } catch (...) {
            return tl::unexpected(voxel::error_of_current_exception());
        }
    });
}

Ref<VoxelStamp> VoxelStamp::make(voxel::DistanceGrid grid, voxel::Vec3i offset) {
    Ref<VoxelStamp> stamp = make_ref<VoxelStamp>();
    stamp->set({std::make_shared<const voxel::DistanceGrid>(std::move(grid)),
                {offset.x, offset.y, offset.z}});
    return stamp;
}

VoxelStamp::Content VoxelStamp::content() const {
    const MutexLock lock(mutex_);
    return content_;
}

void VoxelStamp::set(Content content) {
    {
        const MutexLock lock(mutex_);
        content_ = std::move(content);
    }
    emit_changed();  // runs scripts
}

Vector3i VoxelStamp::size() const {
    const Grid grid = content().grid;
    return grid ? Vector3i{grid->size.x, grid->size.y, grid->size.z} : Vector3i{};
}

void VoxelStamp::set_offset(const Vector3i& offset) {
    for (const std::int32_t c : {offset.x, offset.y, offset.z})
        if (c < -kMostOffset || c > kMostOffset) {
            log(LogLevel::Error,
                "VoxelStamp.offset is " + std::to_string(c) +
                    " along an axis; it must be from -1000000 to 1000000. It keeps its value.");
            return;
        }
    set({content().grid, offset});
}

// The record of the edit that pastes it: whatever the bytes are, parse() gives a good grid or a sentence.
PackedByteArray VoxelStamp::data() const {
    const Grid grid = content().grid;
    if (!grid) return {};
    std::vector<std::byte> record;
    voxel::serialise({.mode = voxel::Mode::Paste, .shape = voxel::StampShape{grid, {}, {}}},
                     record);
    return PackedByteArray(
        std::span(reinterpret_cast<const std::uint8_t*>(record.data()), record.size()));
}

void VoxelStamp::set_data(const PackedByteArray& data) {
    const Vector3i offset = content().offset;
    if (data.is_empty()) return set({nullptr, offset});
    const auto edit = voxel::parse(std::as_bytes(data.view()));
    const auto* stamp = edit ? std::get_if<voxel::StampShape>(&edit->shape) : nullptr;
    if (stamp == nullptr) {
        log(LogLevel::Error, "VoxelStamp.data is no stamp" +
                                 (edit ? std::string() : ": " + edit.error().message) +
                                 ". It keeps its value.");
        return;
    }
    set({stamp->grid, offset});
}

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
// From the materials of vertices to sets that triangles share. README, "Materials".
#pragma once

#include "nebula/voxel/field/material_set.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/detail/vertex_materials.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel::detail {

/// Writes the materials of a finished mesh into it. Keeps its memory from mesh to mesh.
///
/// Threads:   as a plain struct.
/// Cost:      1 to 2 ns per vertex with up to four materials (bench/voxel/README.md).
/// Throws:    std::bad_alloc; the mesh is then unspecified, and this stays usable.
class MaterialSets {
public:
    /// Room for a material per vertex, to be filled before write().
    [[nodiscard]] Material* of_vertices(std::uint32_t count);

    /// \param seen  the materials that occur among of_vertices().
    void write(const MaterialFlags& seen, ChunkMesh& mesh);

private:
    struct Set {
        std::array<Material, MaterialAttribute::kSlots> materials{};
        std::size_t size = 0;
        MaterialSet all = MaterialSet::none();
    };
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;
    /// How many of the latest sets a triangle may choose from, beside those of its vertices. All sets
    /// of four out of seven materials fit.
    static constexpr std::size_t kWindow = 35;

    void write_one_set(const MaterialFlags& seen, ChunkMesh& mesh) const;
    void write_many_sets(ChunkMesh& mesh);
    void share_sets(std::uint32_t vertex_count);
    [[nodiscard]] std::uint32_t choose_set(const std::array<std::uint32_t, 3>& triangle);
    [[nodiscard]] std::uint32_t vertex_in_set(std::uint32_t vertex, std::uint32_t set);
    void append_copies(ChunkMesh& mesh) const;

    void add(Set& set, const std::array<std::uint32_t, 3>& triangle) const;

    // Per vertex, copies behind the originals.
    std::vector<Material> materials_;
    std::vector<std::uint32_t> set_of_;
    std::vector<std::uint32_t> next_copy_;  // of the same vertex, in another set; kNone: no more
    std::vector<std::uint32_t> copied_;     // per copy: which vertex it copies
    std::vector<std::uint32_t> indices_;
    std::vector<Set> sets_;
};

}  // namespace nebula::voxel::detail

// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/detail/material_sets.hpp"

#include <algorithm>
#include <cstring>

namespace nebula::voxel::detail {
namespace {

using Slots = std::array<Material, MaterialAttribute::kSlots>;

template <class Index>
void read_indices(const std::vector<std::byte>& data, std::vector<std::uint32_t>& out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        Index index;
        std::memcpy(&index, data.data() + i * sizeof index, sizeof index);
        out[i] = index;
    }
}

template <class Index>
void write_indices(const std::vector<std::uint32_t>& indices, std::vector<std::byte>& data) {
    data.resize(indices.size() * sizeof(Index));
    for (std::size_t i = 0; i < indices.size(); ++i) {
        const auto index = static_cast<Index>(indices[i]);
        std::memcpy(data.data() + i * sizeof index, &index, sizeof index);
    }
}

}  // namespace

Material* MaterialSets::of_vertices(std::uint32_t count) {
    if (materials_.size() < count) materials_.resize(count);
    return materials_.data();
}

void MaterialSets::write(const MaterialFlags& seen, ChunkMesh& mesh) {
    const auto count = std::ranges::count(seen, 1);
    if (count == 1) {
        mesh.material = materials_[0];
        mesh.attribute_data.clear();
    } else if (count <= static_cast<std::ptrdiff_t>(MaterialAttribute::kSlots)) {
        write_one_set(seen, mesh);
    } else {
        write_many_sets(mesh);
    }
}

void MaterialSets::write_one_set(const MaterialFlags& seen, ChunkMesh& mesh) const {
    Slots slots{};
    std::size_t size = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i] != 0) slots[size++] = static_cast<Material>(i);
    }
    std::array<MaterialAttribute, kMaterials> attribute_of;
    for (std::size_t i = 0; i < size; ++i) {
        attribute_of[slots[i]] = MaterialAttribute::of(slots, i);
    }
    mesh.attribute_data.resize(mesh.vertex_count * sizeof(MaterialAttribute));
    std::byte* out = mesh.attribute_data.data();
    for (std::uint32_t i = 0; i < mesh.vertex_count; ++i, out += sizeof(MaterialAttribute)) {
        std::memcpy(out, &attribute_of[materials_[i]], sizeof(MaterialAttribute));
    }
}

void MaterialSets::write_many_sets(ChunkMesh& mesh) {
    indices_.resize(mesh.index_count);
    if (mesh.index_size() == 2) {
        read_indices<std::uint16_t>(mesh.index_data, indices_);
    } else {
        read_indices<std::uint32_t>(mesh.index_data, indices_);
    }
    share_sets(mesh.vertex_count);
    append_copies(mesh);
    if (mesh.index_size() == 2) {
        write_indices<std::uint16_t>(indices_, mesh.index_data);
    } else {
        write_indices<std::uint32_t>(indices_, mesh.index_data);
    }
    // Only now: sets grow until the last triangle has one.
    mesh.attribute_data.resize(mesh.vertex_count * sizeof(MaterialAttribute));
    std::byte* out = mesh.attribute_data.data();
    for (std::uint32_t i = 0; i < mesh.vertex_count; ++i, out += sizeof(MaterialAttribute)) {
        const Slots& slots = sets_[set_of_[i]].materials;
        const auto slot = std::ranges::find(slots, materials_[i]) - slots.begin();
        const auto packed = MaterialAttribute::of(slots, static_cast<std::size_t>(slot));
        std::memcpy(out, &packed, sizeof packed);
    }
}

// Gives every triangle a set, and its vertices that set: themselves or as copies.
void MaterialSets::share_sets(std::uint32_t vertex_count) {
    sets_.clear();
    copied_.clear();
    materials_.resize(vertex_count);
    set_of_.assign(vertex_count, kNone);
    next_copy_.assign(vertex_count, kNone);
    for (std::size_t i = 0; i < indices_.size(); i += 3) {
        const std::array triangle{indices_[i], indices_[i + 1], indices_[i + 2]};
        const std::uint32_t first = set_of_[triangle[0]];
        // Most triangles: no border of sets is near.
        if (first != kNone && first == set_of_[triangle[1]] && first == set_of_[triangle[2]])
            continue;
        const std::uint32_t set = choose_set(triangle);
        for (std::size_t k = 0; k < 3; ++k) indices_[i + k] = vertex_in_set(triangle[k], set);
    }
}

// A set that has the triangle's materials, or that gets them. Of those sets that its vertices are in,
// the one that takes the fewest copies; otherwise a late one that needs nothing added; then one with
// room for more, in the same order.
std::uint32_t MaterialSets::choose_set(const std::array<std::uint32_t, 3>& triangle) {
    MaterialSet wanted = MaterialSet::none();
    for (const std::uint32_t vertex : triangle) wanted.insert(materials_[vertex]);
    const auto has_room = [&](const Set& set) {
        if (set.size == MaterialAttribute::kSlots) return false;  // as nearly all are
        return set.size + static_cast<std::size_t>(set.all.lacks(wanted)) <=
               MaterialAttribute::kSlots;
    };
    // Whether the triangle's vertices are in the set, or in none.
    const auto copies_for = [&](std::uint32_t set) {
        int copies = 0;
        for (std::uint32_t vertex : triangle) {
            if (set_of_[vertex] == kNone) continue;
            while (vertex != kNone && set_of_[vertex] != set) vertex = next_copy_[vertex];
            copies += vertex == kNone ? 1 : 0;
        }
        return copies;
    };
    std::uint32_t best = kNone;
    int fewest = 4;
    std::uint32_t roomy = kNone;
    for (std::uint32_t vertex : triangle) {
        for (; vertex != kNone && set_of_[vertex] != kNone; vertex = next_copy_[vertex]) {
            const std::uint32_t set = set_of_[vertex];
            if (sets_[set].all.lacks(wanted) == 0) {
                const int copies = copies_for(set);
                if (copies == 0) return set;  // most of the time
                if (copies < fewest) {
                    best = set;
                    fewest = copies;
                }
            } else if (roomy == kNone && has_room(sets_[set])) {
                roomy = set;
            }
        }
    }
    if (best != kNone) return best;
    const std::size_t oldest = sets_.size() - std::min(sets_.size(), kWindow);
    for (std::size_t set = sets_.size(); set-- > oldest;) {
        if (sets_[set].all.lacks(wanted) == 0) return static_cast<std::uint32_t>(set);
        if (roomy == kNone && has_room(sets_[set])) roomy = static_cast<std::uint32_t>(set);
    }
    if (roomy == kNone) {
        roomy = static_cast<std::uint32_t>(sets_.size());
        sets_.emplace_back();
    }
    add(sets_[roomy], triangle);
    return roomy;
}

std::uint32_t MaterialSets::vertex_in_set(std::uint32_t vertex, std::uint32_t set) {
    if (set_of_[vertex] == kNone) set_of_[vertex] = set;
    std::uint32_t at = vertex;
    while (set_of_[at] != set) {
        if (next_copy_[at] == kNone) {
            const auto copy = static_cast<std::uint32_t>(set_of_.size());
            copied_.push_back(vertex);
            materials_.push_back(materials_[vertex]);
            set_of_.push_back(set);
            next_copy_.push_back(kNone);
            next_copy_[at] = copy;
        }
        at = next_copy_[at];
    }
    return at;
}

// Both streams get longer, so the second one moves.
void MaterialSets::append_copies(ChunkMesh& mesh) const {
    if (copied_.empty()) return;
    constexpr std::size_t position = ChunkMesh::kPositionSize;
    constexpr std::size_t normal = ChunkMesh::kNormalSize;
    const std::size_t before = mesh.vertex_count;
    const std::size_t count = before + copied_.size();
    mesh.vertex_data.resize(count * ChunkMesh::kVertexSize);
    std::byte* const positions = mesh.vertex_data.data();
    std::byte* const normals = positions + count * position;
    std::memmove(normals, positions + before * position, before * normal);
    for (std::size_t i = 0; i < copied_.size(); ++i) {
        std::memcpy(positions + (before + i) * position, positions + copied_[i] * position,
                    position);
        std::memcpy(normals + (before + i) * normal, normals + copied_[i] * normal, normal);
    }
    mesh.vertex_count = static_cast<std::uint32_t>(count);
}

void MaterialSets::add(Set& set, const std::array<std::uint32_t, 3>& triangle) const {
    for (const std::uint32_t vertex : triangle) {
        const Material m = materials_[vertex];
        if (set.all.has(m)) continue;
        set.all.insert(m);
        set.materials[set.size++] = m;
    }
}

}  // namespace nebula::voxel::detail

// SPDX-License-Identifier: MIT
// From ids to bits. README, "Blocky mesher".
#pragma once

#include "nebula/voxel/field/block_grid.hpp"
#include "nebula/voxel/field/block_type.hpp"
#include "nebula/voxel/mesh/detail/blocky_kernel.hpp"

namespace nebula::voxel::detail {

/// What is in a grid, and which bits of the scratch say so.
enum class BlockContent {
    Unknown,     ///< An id that nobody added to the types. No bits.
    NoFaces,     ///< All of one type. No bits.
    OneType,     ///< Air and one opaque type: `block`.
    Opaque,      ///< Opaque types: `block` and `same`.
    SeeThrough,  ///< See-through types, perhaps: `block`, `opaque` and `same`.
};

/// Sets the bits of `block`, `opaque` and `same`. Those of `same` are right only in rows in which
/// they can matter.
[[nodiscard]] BlockContent bits_of(const BlockGrid& grid, const BlockTypes& types,
                                   BlockyScratch& s);

}  // namespace nebula::voxel::detail

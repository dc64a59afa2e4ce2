// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/block_type.hpp"

#include <stdexcept>

namespace nebula::voxel {

BlockId BlockTypes::add(BlockKind kind) {
    if (count() == kMost) throw std::length_error("a world has at most 65535 types of blocks");
    const auto id = static_cast<BlockId>(count() + 1);
    const bool extends = !see_through_.empty() && see_through_.back().last + 1 == id;
    if (kind == BlockKind::SeeThrough && !extends) see_through_.push_back({id, id});
    kinds_.push_back(kind);  // may throw, and the run of the unknown id must then not remain
    if (kind == BlockKind::SeeThrough && extends) see_through_.back().last = id;
    return id;
}

}  // namespace nebula::voxel

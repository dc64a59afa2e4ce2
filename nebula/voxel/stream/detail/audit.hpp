// SPDX-License-Identifier: MIT
// Whether what is shown is what it must be, for tests and tools.
#pragma once

#include "nebula/voxel/stream/detail/chunk_tree.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"
#include "nebula/voxel/stream/detail/planner.hpp"

#include <deque>
#include <memory>
#include <string>

namespace nebula::voxel::detail {

/// Looks in what is shown, as far as its roots reach, for holes, double surfaces, neighbours that
/// differ by more than one level, and strips that are missing or too many. Returns what is wrong, in
/// words; empty if nothing is. A root that is absent is taken for the end of the world: missing_roots()
/// tells them apart.
///
/// Cost: about 1 us per chunk.
[[nodiscard]] std::string audit(const ChunkTree& tree);

/// Names each root that the viewers ask for and that is neither shown nor promised. A root is promised
/// if the plan has it and one of the steps makes it appear, or if the plan lacks it and the planner has
/// yet to look for such roots. So nothing is missing while a world loads, and when the planner is done
/// and no step waits, every root that is asked for must be shown.
///
/// Cost: about 50 ns per root that is asked for.
[[nodiscard]] std::string missing_roots(const ChunkTree& tree, const Planner& planner,
                                        const std::deque<std::unique_ptr<CommitGroup>>& steps);

}  // namespace nebula::voxel::detail

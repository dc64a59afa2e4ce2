// SPDX-License-Identifier: MIT
// Memory that meshing reuses: one set per pool thread and one for the owner.
#pragma once

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/chunk_mesh.hpp"
#include "nebula/voxel/sample_block.hpp"
#include "nebula/voxel/smooth_mesher.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace nebula::voxel::detail {

struct Scratch {
    SampleBlock block;
    SmoothMesher mesher;
    ChunkMesh mesh;
};

/// Threads:   worker threads and the owner thread; each gets its own. Not thread_local: that would
///            need a destructor at thread exit, after the extension may have been unloaded.
class ScratchPerThread {
public:
    explicit ScratchPerThread(const WorkerPool& pool)
        : pool_(pool), scratch_(static_cast<std::size_t>(pool.worker_index_limit()) + 1) {}

    Scratch& mine() {
        auto& slot = scratch_[pool_.is_current_thread_worker()
                                  ? static_cast<std::size_t>(WorkerPool::current_worker_index()) + 1
                                  : 0];
        if (slot == nullptr) slot = std::make_unique<Scratch>();
        return *slot;
    }

private:
    const WorkerPool& pool_;
    std::vector<std::unique_ptr<Scratch>> scratch_;
};

}  // namespace nebula::voxel::detail

// SPDX-License-Identifier: MIT
// Memory that meshing reuses, lent to one build at a time.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"

#include <memory>
#include <utility>

namespace nebula::voxel {

struct MeshScratch {
    SampleBlock block;
    StripSamples strips;
    MaterialBlock materials;
    SmoothMesher mesher;
    ChunkMesh mesh;
    std::unique_ptr<MeshScratch> next;  // in the list
};

/// The scratches that no build is using. A build borrows one and returns it at its end, so two
/// builds never share one, whichever threads they are on: workers, the owner, any thread that helps
/// the pool, or twice the same thread, when a generator waits and helps in the middle of a build.
///
/// Threads:   any thread.
/// Cost:      a lock for each borrow and each return. There are as many scratches as there were
///            ever builds at once.
/// Lifetime:  must outlive its loans.
class MeshScratchList {
public:
    class [[nodiscard]] Loan {
    public:
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan() { list_.put(std::move(scratch_)); }

        MeshScratch& operator*() const noexcept { return *scratch_; }

    private:
        friend MeshScratchList;
        Loan(MeshScratchList& list, std::unique_ptr<MeshScratch> scratch) noexcept
            : list_(list), scratch_(std::move(scratch)) {}

        MeshScratchList& list_;
        std::unique_ptr<MeshScratch> scratch_;
    };

    MeshScratchList() = default;
    ~MeshScratchList() {
        // One by one: a list that destroys its own tail recurses once per element.
        while (free_ != nullptr) free_ = std::move(free_->next);
    }
    MeshScratchList(const MeshScratchList&) = delete;
    MeshScratchList& operator=(const MeshScratchList&) = delete;

    /// \throws std::bad_alloc if all are lent and there is no memory for another one.
    Loan borrow() {
        std::unique_ptr<MeshScratch> scratch = take();
        if (scratch == nullptr) scratch = std::make_unique<MeshScratch>();
        return {*this, std::move(scratch)};
    }

private:
    std::unique_ptr<MeshScratch> take() noexcept {
        const MutexLock lock(mutex_);
        std::unique_ptr<MeshScratch> scratch = std::move(free_);
        if (scratch != nullptr) free_ = std::move(scratch->next);
        return scratch;
    }
    void put(std::unique_ptr<MeshScratch> scratch) noexcept {
        const MutexLock lock(mutex_);
        scratch->next = std::move(free_);
        free_ = std::move(scratch);
    }

    Mutex mutex_;
    std::unique_ptr<MeshScratch> free_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::voxel

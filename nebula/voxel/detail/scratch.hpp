// SPDX-License-Identifier: MIT
// Memory that meshing reuses, lent to one build at a time.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/voxel/chunk_mesh.hpp"
#include "nebula/voxel/sample_block.hpp"
#include "nebula/voxel/smooth_mesher.hpp"

#include <memory>
#include <utility>

namespace nebula::voxel::detail {

struct Scratch {
    SampleBlock block;
    SmoothMesher mesher;
    ChunkMesh mesh;
    std::unique_ptr<Scratch> next;  // in the list
};

/// The scratches that no build is using. A build borrows one and returns it at its end, so two
/// builds never share one, whichever threads they are on: workers, the owner, any thread that helps
/// the pool, or twice the same thread, when a generator waits and helps in the middle of a build.
///
/// Threads:   any thread.
/// Cost:      a lock for each borrow and each return. There are as many scratches as there were
///            ever builds at once.
/// Lifetime:  must outlive its loans.
class ScratchList {
public:
    class [[nodiscard]] Loan {
    public:
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan() { list_.put(std::move(scratch_)); }

        Scratch& operator*() const noexcept { return *scratch_; }

    private:
        friend ScratchList;
        Loan(ScratchList& list, std::unique_ptr<Scratch> scratch) noexcept
            : list_(list), scratch_(std::move(scratch)) {}

        ScratchList& list_;
        std::unique_ptr<Scratch> scratch_;
    };

    ScratchList() = default;
    ~ScratchList() {
        // One by one: a list that destroys its own tail recurses once per element.
        while (free_ != nullptr) free_ = std::move(free_->next);
    }
    ScratchList(const ScratchList&) = delete;
    ScratchList& operator=(const ScratchList&) = delete;

    /// \throws std::bad_alloc if all are lent and there is no memory for another one.
    Loan borrow() {
        std::unique_ptr<Scratch> scratch = take();
        if (scratch == nullptr) scratch = std::make_unique<Scratch>();
        return {*this, std::move(scratch)};
    }

private:
    std::unique_ptr<Scratch> take() noexcept {
        const MutexLock lock(mutex_);
        std::unique_ptr<Scratch> scratch = std::move(free_);
        if (scratch != nullptr) free_ = std::move(scratch->next);
        return scratch;
    }
    void put(std::unique_ptr<Scratch> scratch) noexcept {
        const MutexLock lock(mutex_);
        scratch->next = std::move(free_);
        free_ = std::move(scratch);
    }

    Mutex mutex_;
    std::unique_ptr<Scratch> free_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::voxel::detail

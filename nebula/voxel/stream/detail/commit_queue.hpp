// SPDX-License-Identifier: MIT
// Finished chunks that wait to be shown, nearest to the viewer first.
#pragma once

#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/stream/detail/loader.hpp"
#include "nebula/voxel/stream/detail/view_offsets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace nebula::voxel::detail {

/// A heap. Its size is limited by Loader's limit on the bytes of finished chunks.
///
/// Threads:   owner thread.
class CommitQueue {
public:
    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
    /// The one that pop() would return.
    [[nodiscard]] const LoadResult& nearest() const noexcept { return *heap_.front().result; }

    void push(std::unique_ptr<LoadResult> result) {
        const Vec3i offset = result->chunk - viewer_;
        heap_.push_back({offset, std::move(result)});
        std::push_heap(heap_.begin(), heap_.end(), farther);
    }
    std::unique_ptr<LoadResult> pop() {
        std::pop_heap(heap_.begin(), heap_.end(), farther);
        std::unique_ptr<LoadResult> result = std::move(heap_.back().result);
        heap_.pop_back();
        return result;
    }
    /// Reorders all results by their distance to the viewer's new chunk.
    void set_viewer(Vec3i chunk) {
        for (Waiting& w : heap_) w.offset = w.offset + viewer_ - chunk;
        viewer_ = chunk;
        std::make_heap(heap_.begin(), heap_.end(), farther);
    }

private:
    struct Waiting {
        Vec3i offset;  // from the viewer's chunk
        std::unique_ptr<LoadResult> result;
    };
    // For a heap with the nearest one on top.
    static bool farther(const Waiting& a, const Waiting& b) { return nearer(b.offset, a.offset); }

    std::vector<Waiting> heap_;
    Vec3i viewer_;
};

}  // namespace nebula::voxel::detail

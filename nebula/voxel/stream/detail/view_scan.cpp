// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/view_scan.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace nebula::voxel::detail {

namespace {

constexpr std::size_t kOffsetsPerSlice = 256;

}  // namespace

bool ViewScan::set_viewer(Vec3i chunk) {
    if (viewer_ == chunk) return false;
    viewer_ = chunk;
    due_ = true;
    return true;
}

void ViewScan::set_distances(float horizontal, float vertical, float margin) {
    margin_ = margin;
    if (horizontal == horizontal_ && vertical == vertical_) return;
    horizontal_ = horizontal;
    vertical_ = vertical;
    offsets_.reset(horizontal, vertical);
    // A scan may end at any point: the next one requests what is queued and in view, and gives up
    // the rest.
    scan_.reset();
    due_ = true;
}

bool ViewScan::step() {
    if (!scan_) {
        if (!due_ || !viewer_) return false;
        begin();
        return true;
    }
    switch (scan_->stage) {
        case Scan::Stage::Offsets:
            if (!offsets_.ready()) {
                offsets_.build_slice();
            } else {
                scan_->requests.reserve(offsets_.size());
                scan_->stage = Scan::Stage::Requests;
            }
            break;
        case Scan::Stage::Requests:
            visit_offsets();
            break;
        case Scan::Stage::GiveUp:
            give_up_page();
            break;
    }
    return true;
}

void ViewScan::begin() {
    due_ = false;
    scan_ = Scan{Scan::Stage::Offsets, *viewer_, std::exchange(retry_, false), 0, {}, {}};
}

void ViewScan::visit_offsets() {
    const std::size_t end = std::min(offsets_.size(), scan_->next + kOffsetsPerSlice);
    for (; scan_->next < end; ++scan_->next) visit_chunk(scan_->centre + offsets_[scan_->next]);
    if (scan_->next < offsets_.size()) return;
    publish();
    scan_->stage = Scan::Stage::GiveUp;
    scan_->next = chunks_.page_count();
}

void ViewScan::visit_chunk(Vec3i chunk) {
    using Phase = ChunkState::Phase;
    ChunkState* state = chunks_.find(chunk);
    if (state == nullptr) {
        state = &chunks_.add(chunk);
        // Edits are not noted for chunks outside the map, so older results cannot be trusted.
        state->required_version = volume_.version();
    } else if (!state->wanted) {
        chunks_.set_wanted(*state, true);  // the removal will find it wanted and skip it
    }
    if (scan_->retry && state->phase == Phase::Failed) chunks_.set_phase(*state, Phase::Queued);
    if (state->phase == Phase::Queued) scan_->requests.push_back(chunk);
}

void ViewScan::note_taken_requests(std::size_t taken) {
    const std::vector<Vec3i>& list = loader_.requests().chunks();
    for (; noted_ < taken; ++noted_) {
        const Vec3i chunk = list[noted_];
        ChunkState* state = chunks_.find(chunk);
        if (state == nullptr || state->phase != ChunkState::Phase::Queued) continue;
        chunks_.set_phase(*state, ChunkState::Phase::Loading);
        if (scan_ && scan_->stage == Scan::Stage::Requests) scan_->taken.push_back(chunk);
    }
}

void ViewScan::publish() {
    const std::size_t taken = loader_.requests().close();
    note_taken_requests(taken);
    taken_before_ += taken - first_;
    std::vector<Vec3i>& requests = scan_->requests;
    // Requests that workers took from the old list while the new one was being written are in both
    // lists. The new list is sorted, so each is found quickly. They are moved to the front, before
    // the first request; most are near the viewer, and so already near the front.
    const Vec3i centre = scan_->centre;
    std::vector<std::size_t> twice;
    for (const Vec3i chunk : scan_->taken) {
        const auto at =
            std::lower_bound(requests.begin(), requests.end(), chunk,
                             [centre](Vec3i a, Vec3i b) { return nearer(a - centre, b - centre); });
        if (at != requests.end() && *at == chunk)
            twice.push_back(static_cast<std::size_t>(at - requests.begin()));
    }
    std::sort(twice.begin(), twice.end(), std::greater<>());
    twice.erase(std::unique(twice.begin(), twice.end()), twice.end());
    std::size_t to = twice.empty() ? 0 : twice.front() + 1;
    for (std::size_t i = 0; i < twice.size(); ++i) {
        const std::size_t begin = i + 1 < twice.size() ? twice[i + 1] + 1 : 0;
        to -= twice[i] - begin;
        std::move_backward(requests.begin() + static_cast<std::ptrdiff_t>(begin),
                           requests.begin() + static_cast<std::ptrdiff_t>(twice[i]),
                           requests.begin() + static_cast<std::ptrdiff_t>(to + twice[i] - begin));
    }
    first_ = twice.size();
    noted_ = first_;
    loader_.requests().publish(std::move(requests), first_);
    loader_.start_runners();
}

void ViewScan::give_up_page() {
    // Pages may have been freed since the last slice.
    scan_->next = std::min(scan_->next, chunks_.page_count());
    if (scan_->next == 0) {
        scan_.reset();
        return;
    }
    const Vec3i centre = scan_->centre;
    chunks_.visit_page(--scan_->next, [&](Vec3i chunk, ChunkState& state) {
        const Vec3i offset = chunk - centre;
        if (in_reach(offset, horizontal_, vertical_)) return;
        const bool queued = state.phase == ChunkState::Phase::Queued;
        if (!queued && in_reach(offset, horizontal_ + margin_, vertical_ + margin_)) return;
        // Chunks in the list of removals are erased only when that list is processed.
        if (!state.settled() && !state.shown && !state.removing) {
            chunks_.erase(chunk);  // if a result comes later, it is dropped
            return;
        }
        chunks_.set_wanted(state, false);
        if (!std::exchange(state.removing, true)) removals_.push_back(chunk);
    });
}

}  // namespace nebula::voxel::detail

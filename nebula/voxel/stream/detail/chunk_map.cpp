// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/chunk_map.hpp"

#include "nebula/base/assert.hpp"

#include <utility>

namespace nebula::voxel::detail {

std::size_t ChunkMap::index_in_page(Vec3i chunk) noexcept {
    const Vec3i in = floor_mod(chunk, kPageEdge);
    return static_cast<std::size_t>(in.x + (in.y + in.z * kPageEdge) * kPageEdge);
}

Vec3i ChunkMap::chunk_of(const Page& page, std::size_t i) noexcept {
    const auto index = static_cast<std::int32_t>(i);
    return page.at * kPageEdge +
           Vec3i{index % kPageEdge, index / kPageEdge % kPageEdge, index / (kPageEdge * kPageEdge)};
}

ChunkMap::Page* ChunkMap::find_page(Vec3i at) {
    if (last_ != nullptr && last_->at == at) return last_;
    const auto found = by_place_.find(at);
    if (found == by_place_.end()) return nullptr;
    last_ = found->second;
    return last_;
}

ChunkState* ChunkMap::find(Vec3i chunk) {
    Page* page = find_page(floor_div(chunk, kPageEdge));
    if (page == nullptr) return nullptr;
    ChunkState& state = page->states[index_in_page(chunk)];
    return state.exists ? &state : nullptr;
}

ChunkState& ChunkMap::add(Vec3i chunk) {
    const Vec3i at = floor_div(chunk, kPageEdge);
    Page* page = find_page(at);
    if (page == nullptr) {
        auto fresh = std::make_unique<Page>();
        fresh->at = at;
        page = fresh.get();
        pages_.push_back(std::move(fresh));
        try {
            by_place_.emplace(at, page);
        } catch (...) {
            pages_.pop_back();
            throw;
        }
        last_ = page;
    }
    ChunkState& state = page->states[index_in_page(chunk)];
    NEBULA_ASSERT(!state.exists, "a chunk was added twice");
    state = ChunkState{};
    state.exists = true;
    ++page->used;
    count(state, +1);
    return state;
}

void ChunkMap::erase(Vec3i chunk) {
    Page* page = find_page(floor_div(chunk, kPageEdge));
    NEBULA_ASSERT(page != nullptr, "a chunk that is to be erased is not in the map");
    ChunkState& state = page->states[index_in_page(chunk)];
    NEBULA_ASSERT(state.exists, "a chunk that is to be erased is not in the map");
    count(state, -1);
    state.exists = false;
    --page->used;
}

void ChunkMap::free_page(std::size_t number) {
    if (last_ == pages_[number].get()) last_ = nullptr;
    by_place_.erase(pages_[number]->at);
    std::swap(pages_[number], pages_.back());
    pages_.pop_back();
}

void ChunkMap::set_phase(ChunkState& state, Phase phase) {
    count(state, -1);
    state.phase = phase;
    count(state, +1);
}

void ChunkMap::set_wanted(ChunkState& state, bool wanted) {
    count(state, -1);
    state.wanted = wanted;
    count(state, +1);
}

void ChunkMap::set_shown(ChunkState& state, bool shown) {
    count(state, -1);
    state.shown = shown;
    count(state, +1);
}

// Updated as states change: a game reads the counts each frame, and a view has thousands of chunks.
void ChunkMap::count(const ChunkState& state, int by) noexcept {
    const auto add = [by](std::size_t& number, bool counts) {
        if (counts) by > 0 ? ++number : --number;
    };
    add(counts_.shown, state.shown);
    add(counts_.wanted, state.wanted);
    add(counts_.loaded, state.wanted && state.phase == Phase::Loaded);
    add(counts_.failed, state.wanted && state.phase == Phase::Failed);
    add(counts_.unsettled, !state.settled());
}

}  // namespace nebula::voxel::detail

// SPDX-License-Identifier: MIT
// What the streamer knows about each chunk, and how many chunks there are of each kind.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace nebula::voxel::detail {

/// A chunk that is in view, or was in view and has not been unloaded yet.
struct ChunkState {
    enum class Phase : std::uint8_t {
        Queued,   ///< Not loaded: in the request list, or about to be.
        Loading,  ///< Taken from the request list; a result will come.
        Loaded,
        Failed,
    };
    Phase phase = Phase::Queued;
    bool exists = false;    ///< False: this entry of the map is empty.
    bool wanted = true;     ///< False: in the list of removals.
    bool removing = false;  ///< In the list of removals (only once).
    bool shown = false;     ///< The sink holds a mesh.
    bool dirty = false;     ///< In the list for the next edit group.
    bool in_group = false;  ///< Being rebuilt by the current edit group.
    /// A load result older than this is useless: an edit has changed the chunk since, or may have
    /// changed it while it was not in the map.
    std::uint64_t required_version = 0;

    [[nodiscard]] bool settled() const noexcept {
        return phase == Phase::Loaded || phase == Phase::Failed;
    }
};

struct ChunkCounts {
    std::size_t wanted = 0;
    std::size_t loaded = 0;     ///< Wanted, Loaded.
    std::size_t failed = 0;     ///< Wanted, Failed.
    std::size_t shown = 0;      ///< Wanted or not.
    std::size_t unsettled = 0;  ///< Queued or Loading, wanted or not.
};

/// A map from chunks to their states, in pages of 8^3 chunks. A view of 2 km has 424 000 chunks,
/// and a hash map of that size would stop for tens of milliseconds each time it grows.
///
/// Threads:   owner thread.
/// Cost:      find: a hash look-up in a map of pages, or nothing if the page is the same as in the
///            last call. A new page allocates 8 KB.
/// Lifetime:  a state keeps its address until it is erased.
class ChunkMap {
public:
    using Phase = ChunkState::Phase;

    /// Null if the map does not have the chunk.
    [[nodiscard]] ChunkState* find(Vec3i chunk);
    [[nodiscard]] const ChunkState* find(Vec3i chunk) const {
        return const_cast<ChunkMap*>(this)->find(chunk);  // changes only the cache
    }
    /// The chunk must not be in the map.
    ChunkState& add(Vec3i chunk);
    /// The chunk must be in the map.
    void erase(Vec3i chunk);

    // All changes go through these functions, so that the counts stay correct.
    void set_phase(ChunkState& state, Phase phase);
    void set_wanted(ChunkState& state, bool wanted);
    void set_shown(ChunkState& state, bool shown);

    [[nodiscard]] const ChunkCounts& counts() const noexcept { return counts_; }

    /// Pages may be visited from the last to the first, over several calls and with changes to the
    /// map in between. Every chunk that stays in the map meanwhile is visited.
    [[nodiscard]] std::size_t page_count() const noexcept { return pages_.size(); }
    /// Calls f(chunk, state) for the chunks of one page, which it may erase; frees an empty page.
    template <class F>
    void visit_page(std::size_t number, F&& f) {
        Page& page = *pages_[number];
        for (std::size_t i = 0; i < kPageStates && page.used > 0; ++i)
            if (page.states[i].exists) f(chunk_of(page, i), page.states[i]);
        if (page.used == 0) free_page(number);
    }

private:
    static constexpr std::int32_t kPageEdge = 8;
    static constexpr std::size_t kPageStates = 512;
    struct Page {
        Vec3i at;
        std::size_t used = 0;
        std::array<ChunkState, kPageStates> states;
    };

    static std::size_t index_in_page(Vec3i chunk) noexcept;
    static Vec3i chunk_of(const Page& page, std::size_t i) noexcept;
    [[nodiscard]] Page* find_page(Vec3i at);
    void free_page(std::size_t number);
    void count(const ChunkState& state, int by) noexcept;

    std::vector<std::unique_ptr<Page>> pages_;
    std::unordered_map<Vec3i, Page*, Vec3iHash> by_place_;
    Page* last_ = nullptr;  // found by the last look-up
    ChunkCounts counts_;
};

}  // namespace nebula::voxel::detail

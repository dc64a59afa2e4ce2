// SPDX-License-Identifier: MIT
// Updates the chunk map and the request list to match the view, one slice at a time.
#pragma once

#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/stream/detail/chunk_map.hpp"
#include "nebula/voxel/stream/detail/loader.hpp"
#include "nebula/voxel/stream/detail/view_offsets.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace nebula::voxel::detail {

/// A *scan* visits all offsets in view, nearest first, and publishes a new request list. Then it
/// visits all chunks of the map and gives up the distant ones. Another scan is needed when the
/// viewer enters another chunk, when a distance changes, or for a retry. During a scan, workers
/// continue with the old list.
///
/// Threads:   owner thread.
/// Cost:      step: one slice of a few tens of microseconds at most. The slice that publishes also
///            moves the new list once in memory (0.4 ms for 424 000 chunks) if workers took
///            requests during the scan.
/// Lifetime:  borrows everything it is given.
class ViewScan {
public:
    ViewScan(ChunkMap& chunks, Loader& loader, const Volume& volume, std::deque<Vec3i>& removals)
        : chunks_(chunks), loader_(loader), volume_(volume), removals_(removals) {}

    /// Returns whether the viewer entered another chunk.
    bool set_viewer(Vec3i chunk);
    /// In voxels. A chunk is given up when it is out of view by more than `margin`.
    void set_distances(float horizontal, float vertical, float margin);
    /// The next scan requests every failed chunk in view again.
    void retry_failed() {
        retry_ = true;
        due_ = true;
    }

    [[nodiscard]] const std::optional<Vec3i>& viewer() const noexcept { return viewer_; }
    /// Whether the map holds exactly what is in view, and everything not loaded is requested.
    [[nodiscard]] bool up_to_date() const noexcept {
        return viewer_.has_value() && !due_ && !scan_;
    }

    /// Does one slice of a scan; false if there is nothing to do.
    bool step();
    /// Marks the chunks whose requests workers have taken. The cost is proportional to the number
    /// taken since the last call.
    void note_taken_requests() { note_taken_requests(loader_.requests().taken()); }

    /// How many requests workers have taken since the start.
    [[nodiscard]] std::uint64_t taken() const noexcept {
        return taken_before_ + loader_.requests().taken() - first_;
    }
    [[nodiscard]] std::size_t queued() const noexcept {
        return loader_.requests().chunks().size() - loader_.requests().taken();
    }

private:
    struct Scan {
        enum class Stage : std::uint8_t { Offsets, Requests, GiveUp };
        Stage stage;
        Vec3i centre;
        bool retry;
        std::size_t next;  // offset in Requests; pages left in GiveUp
        std::vector<Vec3i> requests;
        std::vector<Vec3i> taken;  // by workers from the old list, during the scan
    };

    void note_taken_requests(std::size_t taken);
    void begin();
    void visit_offsets();
    void visit_chunk(Vec3i chunk);
    void publish();
    void give_up_page();

    ChunkMap& chunks_;
    Loader& loader_;
    const Volume& volume_;
    std::deque<Vec3i>& removals_;  // chunks to be unloaded, each with `removing` set

    std::optional<Vec3i> viewer_;
    float horizontal_ = 0.0F;
    float vertical_ = 0.0F;
    float margin_ = 0.0F;
    ViewOffsets offsets_;
    bool due_ = false;  // another scan is needed
    bool retry_ = false;
    std::optional<Scan> scan_;

    std::size_t noted_ = 0;           // in the current list: entries before it are noted as taken
    std::size_t first_ = 0;           // in the current list: entries before it are not requests
    std::uint64_t taken_before_ = 0;  // from lists before the current one
};

}  // namespace nebula::voxel::detail

// SPDX-License-Identifier: MIT
// Ground to stand on: keeps colliders around bodies, and new after each edit.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/frame_budget.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/field/footing.hpp"
#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/field/tile_materials.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/owner_thread.hpp"
#include "nebula/voxel/stream/collider_sink.hpp"
#include "nebula/voxel/stream/detail/completion_queue.hpp"
#include "nebula/voxel/stream/ground_body.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel {

/// What one update did.
struct ColliderReport {
    std::size_t shown = 0;    ///< Tiles that got a shape, or another one.
    std::size_t removed = 0;  ///< Tiles that have none any more.
    std::size_t failed = 0;
    Clock::duration spent{};
};

struct ColliderStats {
    std::size_t tiles = 0;    ///< Tiles that bodies need, and those that are kept for a while.
    std::size_t shapes = 0;   ///< Of those: with a shape.
    std::size_t waiting = 0;  ///< Of those: a newer shape is to be built.
    std::size_t working = 0;  ///< Of those: being built.
    std::size_t bodies = 0;
};

/// The colliders of one world: around every body that was named, tiles of 16^3 cells of the finest
/// level, whatever is shown there.
///
///     Colliders colliders(world.volume(), pool);
///     colliders.set_bodies(bodies);                 // each physics tick
///     colliders.note_edit(report.reach[0]);         // after each edit
///     colliders.update(sink, deadline);             // each tick, and after the edits of a frame
///
/// Guarantees: a tile never shows an older state after a newer one, nor a mixture of two; the old
/// shape stays until the new one is in; tiles that touch and that bodies need show the same state, so
/// nothing rolls from a new one into an old one's ground; what was edited comes first, then what a
/// body will touch soon, then the nearest.
///
/// Threads:   owner thread of the volume.
/// Cost:      set_bodies: about 0.1 us per body, and about 0.1 us per tile of those that now need
///            others. update: until the deadline and one more step, which is a tile's mesh (50 us), its
///            shape in the sink, showing one or all of a round (25 us each), or before a tick baking
///            one; and 5 us for each tile that was edited around bodies. The others: per tile that they concern.
/// Lifetime:  borrows the volume and the pool. The destructor waits for workers, and does not call
///            the sink.
class Colliders {
public:
    Colliders(Volume& volume, WorkerPool& pool, Clock::time_point (*now)() = &Clock::now);
    ~Colliders();
    Colliders(const Colliders&) = delete;
    Colliders& operator=(const Colliders&) = delete;

    /// Everybody who needs ground now.
    /// \throws std::bad_alloc; call it again.
    void set_bodies(std::span<const GroundBody> bodies);
    /// Samples of level 0 that an edit has changed, after it was published.
    void note_edit(const Box3i& samples) noexcept;
    /// The footing of each material. If it is another one than before, all tiles are divided anew, as
    /// after an edit of everything. Without footings nobody asks what the ground is made of.
    /// \throws std::bad_alloc; nothing has changed then.
    void set_footings(const Footings& footings);
    enum class When : std::uint8_t {
        BeforeTick,  ///< Right before a physics tick: this thread builds what is late.
        Between,     ///< Any other time: workers have until the next tick.
    };
    /// Shows what is ready, and has the rest built. Call it at least once per frame.
    ColliderReport update(ColliderSink& sink, Clock::time_point deadline,
                          When when = When::Between);
    /// Takes all shapes out of the sink and builds everything anew. Waits for workers.
    void clear(ColliderSink& sink) noexcept;
    /// Builds again what has failed. Returns how many tiles that are.
    std::size_t retry_failed() noexcept;

    /// Whether all ground that this body needs is as the last edit has left it. Never where no body
    /// that was named needs it.
    [[nodiscard]] bool is_ready(const GroundBody& body) const noexcept;
    [[nodiscard]] ColliderStats stats() const noexcept;

private:
    enum class Stage : std::uint8_t { Idle, Meshing, Baking, Held };
    struct Job {
        Job* next = nullptr;
        Vec3i tile;
        ColliderMesh mesh;
        std::unique_ptr<ColliderShape> shape;
        std::optional<VoxelError> error;
        Clock::duration bake_time{};
        bool in_round = false;
        bool abandoned = false;            // in abandoned_: a round builds the tile instead
        std::unique_ptr<TileBlock> block;  // of a round: the samples at its begin; null: uniform
        TilePlaced placed;                 // of a round, with footings: the same
        std::shared_ptr<const Footings> footings;  // null: all are 0
    };
    // In the order in which they came. Owns nothing.
    struct Jobs {
        Job* first = nullptr;
        Job* last = nullptr;

        void push(Job& job) noexcept {
            job.next = nullptr;
            (first == nullptr ? first : last->next) = &job;
            last = &job;
        }
        void pop() noexcept { first = first->next; }
    };
    struct Tile {
        explicit Tile(Clock::time_point now) noexcept : unused_since(now) {}

        std::uint32_t bodies = 0;  // that need it
        std::uint32_t soon = 0;    // of those: that touch it soon
        float distance = 0.0F;     // squared, to the body that last asked for it
        Stage stage = Stage::Idle;
        bool dirty = true;  // what is shown, or under way, is older than the last edit
        bool built = false;
        bool failed = false;
        bool shown = false;
        bool by_round =
            false;            // only a round may build it: an edit of it or beside it is under way
        bool listed = false;  // in edited_
        bool in_round = false;
        Clock::time_point unused_since;
        std::unique_ptr<Job> job;  // unless Idle
    };
    struct Body {
        TilesNeeded needs;
        std::uint64_t round = 0;  // of the last set_bodies that named it
    };
    struct Wish {
        int rank;
        float distance;
        Vec3i tile;
    };

    [[nodiscard]] Tile* find(Vec3i at) noexcept;
    void need(const GroundBody& body, Body& known);
    void release(const TilesNeeded& needs) noexcept;
    void drop_bodies() noexcept;

    void wish(Vec3i at, Tile& tile) noexcept;
    void rebuild_wishes();
    std::optional<Wish> top_wish() noexcept;
    void pop_wish() noexcept;

    [[nodiscard]] bool is_beside_an_edit(Vec3i at) noexcept;

    void receive() noexcept;
    void help(Clock::duration left) noexcept;
    void show_baked(ColliderSink& sink, FrameBudget& frame, ColliderReport& report);
    void start_round(ColliderSink& sink, FrameBudget& frame, ColliderReport& report);
    void gather_round();
    void take_into_round(Vec3i at, Tile& tile);
    void abandon(Tile& tile);
    void forget(const Job& job) noexcept;
    void leave_round(Tile& tile) noexcept;
    void make_meshed(ColliderSink& sink, FrameBudget& frame, ColliderReport& report);
    void start_rest();
    void start_bakes();
    void sweep(ColliderSink& sink, ColliderReport& report) noexcept;

    void note_edit(Vec3i at, Tile& tile) noexcept;
    [[nodiscard]] std::unique_ptr<Job> new_job(Vec3i at) const;
    void begin(Vec3i at, Tile& tile);
    void give_up(Vec3i at, Tile& tile) noexcept;
    [[nodiscard]] TaskGroup& group_of(const Tile& tile) noexcept;
    void mesh_on_worker(Vec3i at, Tile& tile);
    void mesh(Job& job) noexcept;
    void mesh(Job& job, const TileBlock& block);
    void complete(Vec3i at, Tile& tile, ColliderSink& sink, ColliderReport& report) noexcept;
    void end_round(ColliderSink& sink, ColliderReport& report) noexcept;
    void make(Tile& tile, ColliderSink& sink, ColliderReport& report);
    void show(Vec3i at, Tile& tile, ColliderSink& sink, ColliderReport& report) noexcept;
    void fail(Vec3i at, Tile& tile, const VoxelError& error, ColliderSink& sink,
              ColliderReport& report) noexcept;
    void finish(Vec3i at, Tile& tile) noexcept;

    Volume& volume_;
    std::size_t most_working_;
    Clock::time_point (*now_)();
    OwnerThread owner_;
    std::unordered_map<Vec3i, Tile, Vec3iHash> tiles_;
    std::unordered_map<std::uint64_t, Body> bodies_;
    std::uint64_t round_ = 0;
    std::shared_ptr<const Footings> footings_;  // null: all are 0
    // What was edited, and waits for a round.
    std::vector<Vec3i> edited_;
    // The tiles of the round under way, and how many of them are not ready to be shown.
    std::vector<Vec3i> round_tiles_;
    std::size_t round_left_ = 0;
    // Of tiles that a round took over in the middle of their first build.
    std::vector<std::unique_ptr<Job>> abandoned_;
    // What was never built: a heap, the most urgent first. An entry is void if its tile is gone, clean or under way.
    std::vector<Wish> wishes_;
    bool wishes_lost_ = false;     // there was no memory for one
    Jobs meshed_;                  // wait for make()
    Jobs made_;                    // wait for a worker to bake them
    Jobs baked_;                   // wait for show()
    std::size_t next_bucket_ = 0;  // of tiles_, for sweep()
    std::size_t working_ = 0;      // tiles that are not Idle
    std::size_t shapes_ = 0;
    CostEstimate mesh_cost_{std::chrono::microseconds(60)};
    CostEstimate make_cost_{std::chrono::microseconds(60)};
    CostEstimate show_cost_{std::chrono::microseconds(30)};
    CostEstimate bake_cost_{std::chrono::microseconds(500)};  // by whoever bakes
    detail::CompletionQueue<Job> finished_;
    // Last: they wait for the workers before the rest is destroyed.
    TaskGroup urgent_;
    TaskGroup calm_;
};

}  // namespace nebula::voxel

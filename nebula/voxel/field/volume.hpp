// SPDX-License-Identifier: MIT
// The world's samples: the bricks that exist, and a generator for all others.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/epoch.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/kept_bricks.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"
#include "nebula/voxel/space/owner_thread.hpp"

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace nebula::voxel {

/// The 4^3 bricks that one chunk's block reaches into, x fastest, the first at `2 * chunk.at - 1`.
/// Null: pristine, ask the generator.
struct ChunkBricks {
    static constexpr int kEdge = 4;
    ChunkId chunk;
    std::array<const Brick*, kEdge * kEdge * kEdge> bricks{};
    /// Those of them, and of the strips, that are not the volume's.
    std::vector<std::shared_ptr<const Brick>> held{};

    [[nodiscard]] static constexpr std::size_t index(int x, int y, int z) noexcept {
        return static_cast<std::size_t>(x + (y + z * kEdge) * kEdge);
    }
};

/// 2^3 of those bricks are the chunk's own; bits 0, 1, 2 of a number are the halves in x, y, z.
inline constexpr int kOwnBricks = 8;
[[nodiscard]] constexpr BrickId own_brick(ChunkId chunk, int i) {
    return {chunk.at * 2 + Vec3i{i & 1, (i >> 1) & 1, (i >> 2) & 1}, chunk.level};
}

/// The bricks of the next coarser level that one face's strip reads, x fastest: two across the face
/// and three along it. Null: pristine.
struct StripBricks {
    static constexpr int kCount = 2 * 3 * 3;
    std::array<const Brick*, kCount> bricks{};
};
/// The positions of the bricks of a chunk's block, and of a strip's.
[[nodiscard]] Box3i block_brick_box(ChunkId chunk) noexcept;
[[nodiscard]] Box3i strip_brick_box(ChunkId chunk, int face) noexcept;

/// Everything that one chunk's mesh is made of.
struct ChunkSources {
    ChunkBricks bricks;
    std::uint8_t mask = 0;                                 ///< Faces with a strip.
    std::array<StripBricks, StripSamples::kFaces> strips;  ///< Of the faces in the mask.
};

enum class BlockContent {
    Air,    ///< Proven; the block was not filled and has no surface.
    Solid,  ///< Proven; the block was not filled and has no surface.
    Mixed,  ///< The block is filled and may hold a surface.
};

/// Fills `out` from the bricks that exist; for the box around the missing ones it calls the
/// generator. So a chunk can be meshed whatever its neighbours are, and sees edits in them.
///
/// Threads:   any thread that holds the pin under which `bricks` was looked up.
/// Throws:    whatever the generator throws.
BlockContent gather(const Generator& generator, const ChunkBricks& bricks, SampleBlock& out);

/// Fills the faces of `out` that are in the mask, and sets its mask. Threads and Throws as above.
void gather_strips(const Generator& generator, const ChunkSources& sources, StripSamples& out);

/// A brick of the volume, or one that is kept elsewhere, and held here; or none: pristine.
class FoundBrick {
public:
    FoundBrick() = default;
    explicit FoundBrick(const Brick* brick) noexcept : brick_(brick) {}
    explicit FoundBrick(std::shared_ptr<const Brick> kept) noexcept
        : brick_(kept.get()), held_(std::move(kept)) {}
    [[nodiscard]] const Brick* get() const noexcept { return brick_; }
    [[nodiscard]] explicit operator bool() const noexcept { return brick_ != nullptr; }
    [[nodiscard]] const Brick& operator*() const noexcept { return *brick_; }
    [[nodiscard]] const Brick* operator->() const noexcept { return brick_; }

private:
    const Brick* brick_ = nullptr;
    std::shared_ptr<const Brick> held_;
};

/// A brick that takes another one's place.
struct EditedBrick {
    BrickId id;
    BrickPtr samples;  ///< Null: the generator says again what it holds.
    /// The one before, if it was edited and has left the memory: kept_copy(). Volume::prepare() reads it if it
    /// is null and needed.
    BrickPtr before{};
};

/// The bricks of all levels in one table, with one writer and lock-free readers.
///
/// A brick is published by one release exchange of its pointer; the brick that it replaces is
/// retired to the epoch domain. A reader pins, looks up, and may use what it found until it unpins.
/// Two lookups under one pin may see an edit that happened between them: compare version() from
/// before the first with the edit's version, or look everything up on the owner thread (README,
/// "Snapshots").
///
/// Threads:   version, look_up, gather: any thread. The rest: owner thread.
/// Cost:      a lookup is a hash, about one probe and two loads. A write is the same and an
///            exchange; the first brick of 8^3 allocates a page of 4 KB, and growing the table
///            copies one pointer per page.
/// Lifetime:  owns its bricks. An edited brick is kept until the volume goes, or until its edits are
///            undone.
class Volume {
    // 8^3 bricks. So the table has few entries, and growing it does not cause a spike: it copies
    // pointers to pages, 6600 of them in a view of 2 km.
    struct Page {
        // Null: no brick. Exchanged by the owner, loaded by readers; see store and find.
        std::array<std::atomic<const Brick*>, 512> bricks{};
        std::bitset<512> edited;  // owner thread, as is the rest
        std::bitset<512> unsaved;
        std::size_t used = 0;    // bricks in it
        std::size_t saving = 0;  // of the save under way, those that are or were in it
    };
    struct NewPage {
        std::uint64_t key;
        std::unique_ptr<Page> page;
    };

public:
    explicit Volume(std::shared_ptr<const Generator> generator);
    ~Volume();
    Volume(const Volume&) = delete;
    Volume& operator=(const Volume&) = delete;

    /// Where edited bricks are kept that are not here; null: nowhere. Before any other thread looks at a brick.
    void set_kept(KeptBricks* kept) noexcept {
        kept_ = kept;
        ++dropped_;  // copies of the generator's ground may be wrong from now on
    }

    /// Whether this is the thread that constructed the volume. Functions that only that thread may
    /// call assert it.
    [[nodiscard]] bool is_owner_thread() const noexcept { return owner_.is_current(); }

    [[nodiscard]] const Generator& generator() const noexcept { return *generator_; }
    [[nodiscard]] EpochDomain& epochs() noexcept { return epochs_; }

    /// How many edits are completely published. A gather that begins after reading the version sees
    /// all of those edits.
    [[nodiscard]] std::uint64_t version() const noexcept {
        return version_.load(std::memory_order_acquire);  // pairs with publish_edited
    }
    /// The bricks that the chunk's block reaches into. The caller must hold a pin, or be the owner
    /// thread and not collect until it is done.
    [[nodiscard]] ChunkBricks look_up(ChunkId chunk) const noexcept;
    /// The same, and the bricks of the coarser level for the strips in the mask.
    [[nodiscard]] ChunkSources look_up(ChunkId chunk, std::uint8_t mask) const noexcept;
    /// Adds what is kept elsewhere of the bricks that a look-up lacks. Any thread, as look_up. May wait for a
    /// disk, unless prefetch() came before. \throws what KeptBricks::kept throws, and std::bad_alloc.
    void complete(ChunkSources& sources) const;
    /// Makes it likely that look-ups of the chunk wait for nothing. Any thread; the caller must hold no pin,
    /// because this may wait.
    void prefetch(ChunkId chunk, std::uint8_t mask) noexcept;
    /// The same for a box of bricks.
    void prefetch(const Box3i& bricks, Level level) noexcept;
    /// The same for some hundreds of bricks.
    void prefetch(std::span<const BrickId> bricks) noexcept;
    /// Whether any of these bricks exists, here or elsewhere. The caller must hold a pin.
    [[nodiscard]] bool has_any(const Box3i& bricks, Level level) const noexcept;
    /// Pins, looks up and gathers. Throws: whatever the generator throws.
    BlockContent gather(ChunkId chunk, SampleBlock& out);

    /// The brick, wherever it is; none: pristine. Any thread that holds a pin, or the owner thread. May wait
    /// and throws as complete() does.
    [[nodiscard]] FoundBrick read(BrickId brick) const;
    /// Null: pristine, or kept elsewhere.
    [[nodiscard]] const Brick* find(BrickId brick) const noexcept;
    /// Whether it is not here, but kept elsewhere. Any thread.
    [[nodiscard]] bool is_kept_elsewhere(BrickId brick) const noexcept {
        return find(brick) == nullptr && kept_ != nullptr && kept_->has(brick);
    }
    [[nodiscard]] bool is_edited(BrickId brick) const noexcept;

    /// Stores a brick that the generator made. Has no effect if the brick exists: that one is the
    /// same, or edited.
    /// \throws std::bad_alloc.
    bool publish_generated(BrickId brick, BrickPtr samples);

    /// Bricks with everything that storing them needs.
    class Prepared {
    public:
        Prepared() = default;
        [[nodiscard]] bool empty() const noexcept { return bricks_.empty(); }
        /// Gives the i-th brick, prepared with null, a brick that publish_keeping() has returned.
        void give_back(std::size_t i, BrickPtr kept) noexcept {
            if (kept != nullptr && !is_uniform(kept.get())) ++returned_;
            bricks_[i].samples = std::move(kept);
        }

    private:
        friend Volume;
        std::size_t returned_ = 0;  // of those that were lent
        std::vector<EditedBrick> bricks_;
        std::vector<NewPage> pages_;
        std::uint64_t changes_ = 0;
    };
    /// Does all of a publication that can fail. No two bricks may be the same one.
    ///
    /// Cost: a look-up per brick; it waits for those that are kept elsewhere and not brought along.
    /// \throws std::bad_alloc, and what KeptBricks::kept throws.
    [[nodiscard]] Prepared prepare(std::vector<EditedBrick> bricks);
    /// Stores the bricks of one edit, which are never dropped from now on, and returns the new
    /// version. Nothing else may have been published since they were prepared.
    std::uint64_t publish_edited(Prepared bricks) noexcept;
    /// The same, but returns what was replaced, in the same order: null where the brick was pristine.
    /// Readers may still look at the bricks, so they must not be destroyed: they come back by
    /// Prepared::give_back() or retire().
    [[nodiscard]] std::vector<EditedBrick> publish_keeping(Prepared bricks) noexcept;
    /// Takes back a brick that publish_keeping() has returned, to free it in a later collect().
    void retire(BrickPtr kept) noexcept;

    /// A brick that was edited, as it is now. Null samples: that was undone, and the brick is what the
    /// generator makes.
    struct UnsavedBrick {
        BrickId id;
        const Brick* samples;
    };
    /// The bricks that changed since they were last saved, as of one moment. While it has its pin,
    /// they stay as they are, whatever is edited meanwhile.
    struct Unsaved {
        std::vector<UnsavedBrick> bricks;
        EpochDomain::Pin pin;
    };
    /// Begins a save. Every one is ended by end_save() before the next one begins.
    /// \throws std::bad_alloc, and no save has begun.
    [[nodiscard]] Unsaved begin_save();
    /// What begin_save() gave is in a file now; or it is not, and the next save has it again.
    void end_save(bool durable) noexcept {
        while (!end_save_of(durable, std::numeric_limits<std::size_t>::max())) {
        }
    }
    /// The same in steps of so many bricks; call it with the same `durable` until it returns true. Whatever is
    /// done in between, until then the save has not ended.
    bool end_save_of(bool durable, std::size_t most) noexcept;
    /// Stores a brick that a save has kept: edited, and not unsaved. Has no effect if the brick was
    /// edited since. It does not make chunks outdated, so call it before anything is loaded around it.
    /// \throws std::bad_alloc.
    bool publish_saved(BrickId brick, BrickPtr samples);
    [[nodiscard]] std::size_t unsaved_count() const noexcept { return unsaved_.size(); }

    /// Brings back those of the bricks that were dropped, as edited ones.
    /// \throws what KeptBricks::kept throws, and std::bad_alloc; then some of them may be back.
    void recall(std::span<const BrickId> bricks);
    /// A copy of the brick, if it is not here and kept elsewhere; else null. Any thread that holds a pin. May
    /// wait and throws as complete() does.
    [[nodiscard]] BrickPtr kept_copy(BrickId brick) const;
    /// Drops an edited brick that is not unsaved, so KeptBricks has it as it is here. Not while a save is
    /// under way. Returns whether it was dropped.
    bool drop_kept(BrickId brick) noexcept;
    /// How often what is not in the volume may have become another one: an edited brick was dropped or became
    /// pristine, or bricks are kept elsewhere from now on. Whoever has copies of it compares this number.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
    /// Whether all edits of the brick were undone since the last save.
    [[nodiscard]] bool is_unsaved_pristine(BrickId brick) const noexcept;

    /// Drops a brick that the generator can make again. Edited bricks stay.
    void drop_generated(BrickId brick) noexcept;
    /// Frees at most `most` objects that no reader can see any more. Returns how many.
    std::size_t collect(std::size_t most = std::numeric_limits<std::size_t>::max());

    /// The edited bricks of the save under way, without those that end_save_of() is done with: of the last ones
    /// first.
    [[nodiscard]] const std::vector<BrickId>& being_saved() const noexcept { return saving_; }
    [[nodiscard]] std::size_t brick_count() const noexcept { return bricks_; }
    [[nodiscard]] std::size_t edited_count() const noexcept { return edited_; }
    /// Of the edited bricks, with their arrays of materials; shared ones count like others.
    [[nodiscard]] std::size_t edited_bytes() const noexcept {
        return edited_ * sizeof(Brick) + arrays_;  // a generated brick has no array
    }
    /// Memory of the bricks that own any, and of the table.
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    struct Slot {
        // 0: never used. Set once, before the first `page` can be found. Pairs with the probe in
        // find_slot.
        std::atomic<std::uint64_t> key{0};
        // Null: none of its bricks exists (the slot keeps its key). Release store by the owner,
        // acquire by readers; a page that has become empty is retired.
        std::atomic<Page*> page{nullptr};
    };
    struct Table {
        explicit Table(std::size_t capacity)
            : mask(capacity - 1), slots(std::make_unique<Slot[]>(capacity)) {}
        std::size_t mask;
        std::size_t used = 0;  // slots with a key; owner thread
        std::unique_ptr<Slot[]> slots;
    };
    // Where the owner finds a brick; `page` is null if the brick does not exist.
    struct Place {
        Page* page;
        std::size_t index;
    };
    class PlaceFinder;

    static Slot* find_slot(const Table& table, std::uint64_t key) noexcept;
    /// For readers.
    [[nodiscard]] const Page* find_page(Vec3i page, Level level) const noexcept;
    [[nodiscard]] Place owned_place(BrickId brick) const noexcept;
    /// Of those that have left the memory, what is not brought along. Throws as prepare().
    void read_before(std::vector<EditedBrick>& bricks);
    /// Makes room for so many more pages and bricks. Throws std::bad_alloc.
    void reserve(std::size_t pages, std::size_t bricks);
    Page* link(std::uint64_t key, std::unique_ptr<Page> page) noexcept;
    /// Where the brick goes, with room for it and its page made.
    Place make_place(BrickId brick, std::uint64_t key);
    void note_unsaved(Place place, BrickId brick) noexcept;
    /// Returns what was there.
    [[nodiscard]] BrickPtr store(Place place, BrickPtr samples) noexcept;
    /// Retires a brick that is no longer stored.
    void retire_stored(BrickPtr replaced) noexcept;
    /// Whether its page has gone.
    bool unlink_if_empty(BrickId brick) noexcept;
    template <class F>
    std::uint64_t publish(Prepared& prepared, F&& replaced) noexcept;
    void grow(std::size_t pages);

    OwnerThread owner_;
    std::shared_ptr<const Generator> generator_;
    KeptBricks* kept_ = nullptr;
    std::uint64_t dropped_ = 0;
    EpochDomain epochs_;
    // Release store by the owner in grow, acquire by readers; an old table is retired.
    std::atomic<Table*> table_;
    std::size_t pages_ = 0;
    std::atomic<std::uint64_t> version_{0};
    std::size_t bricks_ = 0;
    std::size_t edited_ = 0;
    std::vector<BrickId> unsaved_;  // if there are any, with room for those below
    std::vector<BrickId> saving_;   // of the save under way, which may fail
    bool is_saving_ = false;
    std::size_t mixed_ = 0;      // bricks that own memory
    std::size_t arrays_ = 0;     // bytes of their placed materials
    std::size_t lent_ = 0;       // those that publish_keeping has returned
    std::uint64_t changes_ = 0;  // how many pages came or went
};

}  // namespace nebula::voxel

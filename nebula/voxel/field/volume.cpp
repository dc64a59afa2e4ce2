// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/volume.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace nebula::voxel {

namespace {

constexpr int kKeyBits = 18;  // of a page's coordinate, so 21 of a brick's; above them, the level
constexpr std::int32_t kKeyOffset = 1 << (kKeyBits - 1);
constexpr std::uint64_t kKeyUsed = std::uint64_t{1} << 63U;
static_assert(kLevels <= 1 << (63 - 3 * kKeyBits));
constexpr std::size_t kFirstCapacity = 256;
constexpr std::int32_t kPageEdge = 8;  // in bricks

// Assertions are not compiled into releases.
[[maybe_unused]] constexpr const char* kOffOwner =
    "only the thread that constructed a volume may change it";

std::size_t index_in_page(BrickId brick) noexcept {
    const Vec3i in = floor_mod(brick.at, kPageEdge);
    return static_cast<std::size_t>(in.x + (in.y + in.z * kPageEdge) * kPageEdge);
}

// 0 for a page out of the table's range, which is beyond kWorldLimit.
std::uint64_t pack(Vec3i page, Level level) noexcept {
    const auto inside = [](std::int32_t c) { return c >= -kKeyOffset && c < kKeyOffset; };
    if (!inside(page.x) || !inside(page.y) || !inside(page.z)) return 0;
    const auto field = [](std::int32_t c) { return static_cast<std::uint64_t>(c + kKeyOffset); };
    return kKeyUsed | field(page.x) | (field(page.y) << kKeyBits) |
           (field(page.z) << (2 * kKeyBits)) |
           (static_cast<std::uint64_t>(level) << (3 * kKeyBits));
}

std::size_t hash(std::uint64_t key) noexcept {
    key ^= key >> 32U;
    key *= 0xD6E8FEB86659FD93ULL;
    key ^= key >> 32U;
    return static_cast<std::size_t>(key);
}

// How one axis of a block is cut by its four bricks.
struct Cut {
    int block;  // first sample, from 0
    int brick;  // the same sample's place in its brick
    int length;
};
constexpr std::array<Cut, ChunkBricks::kEdge> kCuts{{{0, kBrickSize - 1, 1},
                                                     {1, 0, kBrickSize},
                                                     {1 + kBrickSize, 0, kBrickSize},
                                                     {1 + 2 * kBrickSize, 0, 2}}};
static_assert(kCuts[3].block + kCuts[3].length == SampleBlock::kEdge);

void copy_piece(const Brick& brick, int bx, int by, int bz, SampleBlock& out) noexcept {
    const Cut x = kCuts[static_cast<std::size_t>(bx)];
    const Cut y = kCuts[static_cast<std::size_t>(by)];
    const Cut z = kCuts[static_cast<std::size_t>(bz)];
    for (int k = 0; k < z.length; ++k)
        for (int j = 0; j < y.length; ++j)
            std::memcpy(out.samples.data() + (x.block + (y.block + j) * SampleBlock::kStepY +
                                              (z.block + k) * SampleBlock::kStepZ),
                        brick.samples.data() + Brick::index(x.brick, y.brick + j, z.brick + k),
                        static_cast<std::size_t>(x.length));
}

template <class F>  // called with (x, y, z, brick)
void for_each_brick(const ChunkBricks& bricks, F&& f) {
    for (int z = 0; z < ChunkBricks::kEdge; ++z)
        for (int y = 0; y < ChunkBricks::kEdge; ++y)
            for (int x = 0; x < ChunkBricks::kEdge; ++x)
                f(x, y, z, bricks.bricks[ChunkBricks::index(x, y, z)]);
}

}  // namespace

BlockContent gather(const Generator& generator, const ChunkBricks& bricks, SampleBlock& out) {
    out.chunk = bricks.chunk;
    bool any_air = false;
    bool any_solid = false;
    Box3i missing;  // within the block, from 0
    for_each_brick(bricks, [&](int x, int y, int z, const Brick* brick) {
        if (brick == nullptr) {
            const Cut& cx = kCuts[static_cast<std::size_t>(x)];
            const Cut& cy = kCuts[static_cast<std::size_t>(y)];
            const Cut& cz = kCuts[static_cast<std::size_t>(z)];
            missing = box_around(
                missing, {{cx.block, cy.block, cz.block},
                          {cx.block + cx.length, cy.block + cy.length, cz.block + cz.length}});
        } else {
            any_air |= !is_all_solid(brick);
            any_solid |= brick != &kAirBrick;
        }
    });
    if (!missing.empty()) {
        const Vec3i origin = bricks.chunk.at * kChunkSize +
                             Vec3i{SampleBlock::kFirst, SampleBlock::kFirst, SampleBlock::kFirst};
        const Region region{{missing.min + origin, missing.max + origin}, bricks.chunk.level};
        const Range range = generator.bounds(region);
        any_air |= !range.all_solid();
        any_solid |= !range.all_air();
        if (any_air && any_solid)
            generator.generate(
                region,
                out.samples.data() + (missing.min.x + missing.min.y * SampleBlock::kStepY +
                                      missing.min.z * SampleBlock::kStepZ),
                SampleBlock::kStepY, SampleBlock::kStepZ);
    }
    if (!any_solid) return BlockContent::Air;
    if (!any_air) return BlockContent::Solid;
    for_each_brick(bricks, [&](int x, int y, int z, const Brick* brick) {
        if (brick != nullptr) copy_piece(*brick, x, y, z, out);
    });
    return BlockContent::Mixed;
}

Box3i block_brick_box(ChunkId chunk) noexcept {
    const Vec3i first = chunk.at * 2 - Vec3i{1, 1, 1};
    return {first, first + Vec3i{ChunkBricks::kEdge, ChunkBricks::kEdge, ChunkBricks::kEdge}};
}

Box3i strip_brick_box(ChunkId chunk, int face) noexcept {
    // A chunk is as wide as a brick of the coarser level, and the face's plane is a brick's first.
    static_assert(StripSamples::kCells == kBrickSize);
    Box3i box{chunk.at - Vec3i{1, 1, 1}, chunk.at + Vec3i{2, 2, 2}};
    const std::int32_t high = StripSamples::is_high(face) ? 1 : 0;
    const auto across = [&](std::int32_t Vec3i::*c) {
        box.min.*c = chunk.at.*c + high - 1;
        box.max.*c = chunk.at.*c + high + 1;
    };
    const int axis = StripSamples::axis(face);
    across(axis == 0 ? &Vec3i::x : axis == 1 ? &Vec3i::y : &Vec3i::z);
    return box;
}

void gather_strips(const Generator& generator, const ChunkSources& sources, StripSamples& out) {
    const ChunkId chunk = sources.bricks.chunk;
    out.mask = sources.mask;
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if (!out.has(face)) continue;
        const auto f = static_cast<std::size_t>(face);
        const Vec3i origin = chunk.at * StripSamples::kCells;
        const Box3i local = StripSamples::box(face);
        const Region region{{local.min + origin, local.max + origin}, chunk.level + 1};
        const auto& bricks = sources.strips[f].bricks;
        const int step_y = StripSamples::step_y(face);
        const int step_z = StripSamples::step_z(face);
        if (std::find(bricks.begin(), bricks.end(), nullptr) != bricks.end())
            generator.generate(region, out.samples[f].data(), step_y, step_z);
        const Box3i ids = strip_brick_box(chunk, face);
        auto brick = bricks.begin();
        for (std::int32_t z = ids.min.z; z < ids.max.z; ++z)
            for (std::int32_t y = ids.min.y; y < ids.max.y; ++y)
                for (std::int32_t x = ids.min.x; x < ids.max.x; ++x, ++brick) {
                    if (*brick == nullptr) continue;
                    const Box3i all = brick_region({{x, y, z}, region.level}).box;
                    const Box3i part = intersection(all, region.box);
                    if (part.empty()) continue;
                    for (std::int32_t k = part.min.z; k < part.max.z; ++k)
                        for (std::int32_t j = part.min.y; j < part.max.y; ++j)
                            std::memcpy(out.samples[f].data() + ((part.min.x - region.box.min.x) +
                                                                 (j - region.box.min.y) * step_y +
                                                                 (k - region.box.min.z) * step_z),
                                        (*brick)->samples.data() +
                                            Brick::index(part.min.x - all.min.x, j - all.min.y,
                                                         k - all.min.z),
                                        static_cast<std::size_t>(part.max.x - part.min.x));
                }
    }
}

Volume::Volume(std::shared_ptr<const Generator> generator)
    : generator_(std::move(generator)), table_(new Table(kFirstCapacity)) {
    NEBULA_ASSERT(generator_ != nullptr, "a Volume needs a generator");
}

Volume::~Volume() {
    const std::unique_ptr<Table> table(table_.load(std::memory_order_relaxed));
    for (std::size_t i = 0; i <= table->mask; ++i) {
        const std::unique_ptr<Page> page(table->slots[i].page.load(std::memory_order_relaxed));
        if (page == nullptr) continue;
        for (const auto& brick : page->bricks)
            BrickDeleter{}(brick.load(std::memory_order_relaxed));
    }
}

Volume::Slot* Volume::find_slot(const Table& table, std::uint64_t key) noexcept {
    for (std::size_t i = hash(key) & table.mask;; i = (i + 1) & table.mask) {
        Slot& slot = table.slots[i];
        // Pairs with the key's release store in link.
        const std::uint64_t found = slot.key.load(std::memory_order_acquire);
        if (found == key) return &slot;
        if (found == 0) return nullptr;  // the table is never full
    }
}

const Volume::Page* Volume::find_page(Vec3i page, Level level) const noexcept {
    const std::uint64_t key = pack(page, level);
    if (key == 0) return nullptr;
    // Pairs with the exchange in grow.
    const Slot* slot = find_slot(*table_.load(std::memory_order_acquire), key);
    // Pairs with the release store in link: the page's pointers are visible.
    return slot == nullptr ? nullptr : slot->page.load(std::memory_order_acquire);
}

const Brick* Volume::find(BrickId brick) const noexcept {
    const Page* page = find_page(floor_div(brick.at, kPageEdge), brick.level);
    if (page == nullptr) return nullptr;
    // Pairs with the exchange in store: the samples behind the pointer are complete.
    return page->bricks[index_in_page(brick)].load(std::memory_order_acquire);
}

Volume::Place Volume::owned_place(BrickId brick) const noexcept {
    const std::uint64_t key = pack(floor_div(brick.at, kPageEdge), brick.level);
    const Slot* slot = key == 0 ? nullptr : find_slot(*table_.load(std::memory_order_relaxed), key);
    return {slot == nullptr ? nullptr : slot->page.load(std::memory_order_relaxed),
            index_in_page(brick)};
}

bool Volume::is_edited(BrickId brick) const noexcept {
    const Place place = owned_place(brick);
    return place.page != nullptr && place.page->edited[place.index];
}

ChunkBricks Volume::look_up(ChunkId chunk) const noexcept {
    ChunkBricks result;
    result.chunk = chunk;
    const Vec3i first = chunk.at * 2 - Vec3i{1, 1, 1};
    // Four bricks in a row lie in two pages at most. Each page is looked up once: 8 look-ups
    // instead of 64.
    std::array<const Page*, 8> pages{};
    const Vec3i low = floor_div(first, kPageEdge);
    for (int i = 0; i < 8; ++i)
        pages[static_cast<std::size_t>(i)] =
            find_page(low + Vec3i{i & 1, (i >> 1) & 1, (i >> 2) & 1}, chunk.level);
    for (int z = 0; z < ChunkBricks::kEdge; ++z)
        for (int y = 0; y < ChunkBricks::kEdge; ++y)
            for (int x = 0; x < ChunkBricks::kEdge; ++x) {
                NEBULA_YIELD_POINT();
                const Vec3i brick = first + Vec3i{x, y, z};
                const Vec3i d = floor_div(brick, kPageEdge) - low;
                const Page* page = pages[static_cast<std::size_t>(d.x + 2 * d.y + 4 * d.z)];
                if (page == nullptr) continue;
                // As in find.
                result.bricks[ChunkBricks::index(x, y, z)] =
                    page->bricks[index_in_page({brick, chunk.level})].load(
                        std::memory_order_acquire);
            }
    return result;
}

ChunkSources Volume::look_up(ChunkId chunk, std::uint8_t mask) const noexcept {
    ChunkSources sources;
    sources.bricks = look_up(chunk);
    sources.mask = mask;
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if ((mask >> static_cast<unsigned>(face) & 1U) == 0) continue;
        const Box3i ids = strip_brick_box(chunk, face);
        auto brick = sources.strips[static_cast<std::size_t>(face)].bricks.begin();
        for (std::int32_t z = ids.min.z; z < ids.max.z; ++z)
            for (std::int32_t y = ids.min.y; y < ids.max.y; ++y)
                for (std::int32_t x = ids.min.x; x < ids.max.x; ++x, ++brick)
                    *brick = find({{x, y, z}, chunk.level + 1});
    }
    return sources;
}

void Volume::complete(ChunkSources& sources) const {
    if (kept_ == nullptr) return;
    std::vector<std::shared_ptr<const Brick>>& held = sources.bricks.held;
    const auto add = [&](const Box3i& box, Level level, auto& bricks) {
        if (!kept_->has_any(box, level)) return;
        auto brick = bricks.begin();
        for (std::int32_t z = box.min.z; z < box.max.z; ++z)
            for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                for (std::int32_t x = box.min.x; x < box.max.x; ++x, ++brick) {
                    if (*brick != nullptr) continue;
                    auto kept = kept_->kept({{x, y, z}, level});
                    if (kept == nullptr) continue;
                    held.push_back(std::move(kept));
                    *brick = held.back().get();
                }
    };
    const ChunkId chunk = sources.bricks.chunk;
    add(block_brick_box(chunk), chunk.level, sources.bricks.bricks);
    for (int face = 0; face < StripSamples::kFaces; ++face)
        if ((sources.mask >> static_cast<unsigned>(face) & 1U) != 0)
            add(strip_brick_box(chunk, face), chunk.level + 1,
                sources.strips[static_cast<std::size_t>(face)].bricks);
}

FoundBrick Volume::read(BrickId brick) const {
    if (const Brick* here = find(brick)) return FoundBrick(here);
    return kept_ == nullptr ? FoundBrick() : FoundBrick(kept_->kept(brick));
}

void Volume::prefetch(ChunkId chunk, std::uint8_t mask) noexcept {
    if (kept_ == nullptr) return;
    prefetch(block_brick_box(chunk), chunk.level);
    for (int face = 0; face < StripSamples::kFaces; ++face)
        if ((mask >> static_cast<unsigned>(face) & 1U) != 0)
            prefetch(strip_brick_box(chunk, face), chunk.level + 1);
}

void Volume::prefetch(const Box3i& bricks, Level level) noexcept {
    if (kept_ == nullptr || !kept_->has_any(bricks, level)) return;
    try {
        std::vector<BrickId> missing;
        {
            const EpochDomain::Pin pin = epochs_.pin();
            for (std::int32_t z = bricks.min.z; z < bricks.max.z; ++z)
                for (std::int32_t y = bricks.min.y; y < bricks.max.y; ++y)
                    for (std::int32_t x = bricks.min.x; x < bricks.max.x; ++x)
                        if (const BrickId id{{x, y, z}, level}; find(id) == nullptr)
                            missing.push_back(id);
        }
        kept_->prefetch(missing);
    } catch (...) {  // who reads them is told
    }
}

void Volume::prefetch(std::span<const BrickId> bricks) noexcept {
    if (kept_ == nullptr) return;
    try {
        std::vector<BrickId> missing;
        {
            const EpochDomain::Pin pin = epochs_.pin();
            std::ranges::copy_if(bricks, std::back_inserter(missing),
                                 [this](BrickId id) { return find(id) == nullptr; });
        }
        kept_->prefetch(missing);
    } catch (...) {  // who reads them is told
    }
}

bool Volume::has_any(const Box3i& bricks, Level level) const noexcept {
    const Vec3i first = floor_div(bricks.min, kPageEdge);
    const Vec3i last = floor_div(bricks.max - Vec3i{1, 1, 1}, kPageEdge);
    for (std::int32_t z = first.z; z <= last.z; ++z)
        for (std::int32_t y = first.y; y <= last.y; ++y)
            for (std::int32_t x = first.x; x <= last.x; ++x) {
                const Page* page = find_page({x, y, z}, level);
                if (page == nullptr) continue;
                const Vec3i low = Vec3i{x, y, z} * kPageEdge;
                const Box3i part =
                    intersection(bricks, {low, low + Vec3i{kPageEdge, kPageEdge, kPageEdge}});
                for (std::int32_t k = part.min.z; k < part.max.z; ++k)
                    for (std::int32_t j = part.min.y; j < part.max.y; ++j)
                        for (std::int32_t i = part.min.x; i < part.max.x; ++i)
                            // As in find.
                            if (page->bricks[index_in_page({{i, j, k}, level})].load(
                                    std::memory_order_acquire) != nullptr)
                                return true;
            }
    return kept_ != nullptr && kept_->has_any(bricks, level);
}

BlockContent Volume::gather(ChunkId chunk, SampleBlock& out) {
    prefetch(chunk, 0);
    const EpochDomain::Pin pin = epochs_.pin();
    ChunkSources sources = look_up(chunk, 0);
    complete(sources);
    return voxel::gather(*generator_, sources.bricks, out);
}

void Volume::reserve(std::size_t pages, std::size_t bricks) {
    // Everything that is stored may have to be retired: bricks, pages, the table, and the one before
    // it if this makes a new one.
    epochs_.reserve(mixed_ + lent_ + bricks + pages_ + pages + 2);
    const Table& table = *table_.load(std::memory_order_relaxed);  // only this thread changes it
    if ((table.used + pages) * 4 > (table.mask + 1) * 3) grow(pages);
}

Volume::Page* Volume::link(std::uint64_t key, std::unique_ptr<Page> page) noexcept {
    Table& table = *table_.load(std::memory_order_relaxed);
    std::size_t i = hash(key) & table.mask;
    for (;; i = (i + 1) & table.mask) {
        const std::uint64_t found = table.slots[i].key.load(std::memory_order_relaxed);
        if (found == key) break;
        if (found != 0) continue;
        // The page is still null, so a reader that finds the key does not find a page yet.
        table.slots[i].key.store(key, std::memory_order_release);
        ++table.used;
        break;
    }
    // Release: pairs with find_page.
    table.slots[i].page.store(page.get(), std::memory_order_release);
    ++pages_;
    ++changes_;
    return page.release();
}

void Volume::grow(std::size_t pages) {
    const Table& old = *table_.load(std::memory_order_relaxed);
    // Empty pages leave keys behind. A table full of such keys is rebuilt, not doubled.
    std::size_t capacity = kFirstCapacity;
    while (capacity < (pages_ + pages) * 2) capacity *= 2;
    auto fresh = std::make_unique<Table>(capacity);
    for (std::size_t i = 0; i <= old.mask; ++i) {
        const Slot& from = old.slots[i];
        Page* page = from.page.load(std::memory_order_relaxed);
        if (page == nullptr) continue;
        const std::uint64_t key = from.key.load(std::memory_order_relaxed);
        std::size_t at = hash(key) & fresh->mask;
        while (fresh->slots[at].key.load(std::memory_order_relaxed) != 0)
            at = (at + 1) & fresh->mask;
        Slot& to = fresh->slots[at];
        to.key.store(key, std::memory_order_relaxed);
        to.page.store(page, std::memory_order_relaxed);
        ++fresh->used;
    }
    // Pairs with the acquire in find_page: a reader of the new table sees all of the above.
    Table* replaced = table_.exchange(fresh.release(), std::memory_order_acq_rel);
    epochs_.retire(std::unique_ptr<Table>(replaced));
}

namespace {

std::size_t bytes_of_array(const Brick* brick) noexcept {
    return brick == nullptr ? 0 : brick->placed.bytes();
}

}  // namespace

BrickPtr Volume::store(Place place, BrickPtr samples) noexcept {
    const bool stays = samples != nullptr;
    if (stays && !is_uniform(samples.get())) ++mixed_;
    arrays_ += bytes_of_array(samples.get());
    // Release: pairs with the acquire in find. This unlinks the old brick; the caller keeps or
    // retires it.
    BrickPtr replaced(
        place.page->bricks[place.index].exchange(samples.release(), std::memory_order_acq_rel));
    if (replaced != nullptr && !is_uniform(replaced.get())) --mixed_;
    arrays_ -= bytes_of_array(replaced.get());
    if (stays && replaced == nullptr) {
        ++bricks_;
        ++place.page->used;
    } else if (!stays && replaced != nullptr) {
        --bricks_;
        --place.page->used;
    }
    return replaced;
}

void Volume::retire_stored(BrickPtr replaced) noexcept {
    if (replaced != nullptr && !is_uniform(replaced.get())) epochs_.retire(std::move(replaced));
}

void Volume::retire(BrickPtr kept) noexcept {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    if (kept != nullptr && !is_uniform(kept.get())) --lent_;
    retire_stored(std::move(kept));
}

std::size_t Volume::collect(std::size_t most) {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    return epochs_.collect(most);
}

Volume::Place Volume::make_place(BrickId brick, std::uint64_t key) {
    Place place = owned_place(brick);
    if (place.page == nullptr) {
        auto page = std::make_unique<Page>();
        reserve(1, 1);
        place.page = link(key, std::move(page));
    } else {
        reserve(0, 1);
    }
    return place;
}

bool Volume::publish_generated(BrickId brick, BrickPtr samples) {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    const std::uint64_t key = pack(floor_div(brick.at, kPageEdge), brick.level);
    if (key == 0) return false;
    const Place there = owned_place(brick);
    if (there.page != nullptr &&
        there.page->bricks[there.index].load(std::memory_order_relaxed) != nullptr)
        return false;
    // Edited, saved and dropped since the generator was asked.
    if (kept_ != nullptr && kept_->has(brick)) return false;
    retire_stored(store(make_place(brick, key), std::move(samples)));
    return true;
}

bool Volume::publish_saved(BrickId brick, BrickPtr samples) {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    const std::uint64_t key = pack(floor_div(brick.at, kPageEdge), brick.level);
    if (key == 0 || is_edited(brick)) return false;
    const Place place = make_place(brick, key);
    retire_stored(store(place, std::move(samples)));
    ++edited_;
    place.page->edited.set(place.index);
    return true;
}

// For a list in which neighbours follow each other: looks up a page once for each run of its bricks.
class Volume::PlaceFinder {
public:
    explicit PlaceFinder(const Volume& volume) noexcept : volume_(volume) {}
    Place find(BrickId brick) noexcept {
        const BrickId page{floor_div(brick.at, kPageEdge), brick.level};
        if (last_.page == nullptr || page != page_) {
            last_ = volume_.owned_place(brick);
            page_ = page;
        }
        return {last_.page, index_in_page(brick)};
    }
    /// The page found last has gone.
    void forget() noexcept { last_ = {}; }

private:
    const Volume& volume_;
    BrickId page_;
    Place last_{};
};

Volume::Unsaved Volume::begin_save() {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    NEBULA_ASSERT(!is_saving_, "a save began before the one before it had ended");
    Unsaved save;
    save.bricks.reserve(unsaved_.size());
    saving_.reserve(unsaved_.size());  // for those that come back, after the swap
    save.pin = epochs_.pin();
    PlaceFinder places(*this);
    for (const BrickId& id : unsaved_) {
        const Place place = places.find(id);
        NEBULA_ASSERT(place.page != nullptr, "an edited brick was dropped");
        place.page->unsaved.reset(place.index);
        ++place.page->saving;
        // Where edits were undone, there may be one that the generator made.
        save.bricks.push_back(
            {id, place.page->edited[place.index]
                     ? place.page->bricks[place.index].load(std::memory_order_relaxed)
                     : nullptr});
    }
    unsaved_.swap(saving_);
    is_saving_ = true;
    return save;
}

bool Volume::end_save_of(bool durable, std::size_t most) noexcept {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    NEBULA_ASSERT(is_saving_, "a save ended that had not begun");
    PlaceFinder places(*this);
    for (; most > 0 && !saving_.empty(); --most) {
        const BrickId id = saving_.back();
        saving_.pop_back();
        const Place place = places.find(id);
        NEBULA_ASSERT(place.page != nullptr, "an edited brick was dropped");
        const bool is_last = --place.page->saving == 0;
        if (!durable)
            note_unsaved(place, id);  // unless it was edited again
        else if (is_last)
            if (unlink_if_empty(id)) places.forget();  // reserve() made room for all pages
    }
    is_saving_ = !saving_.empty();
    return !is_saving_;
}

void Volume::note_unsaved(Place place, BrickId brick) noexcept {
    if (place.page->unsaved[place.index]) return;
    place.page->unsaved.set(place.index);
    unsaved_.push_back(brick);  // has room: prepare
}

Volume::Prepared Volume::prepare(std::vector<EditedBrick> bricks) {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    Prepared prepared;
    if (kept_ != nullptr) read_before(bricks);
    std::size_t back = 0;
    PlaceFinder places(*this);
    for (const EditedBrick& brick : bricks) {
        if (brick.before != nullptr) ++back;
        if (places.find(brick.id).page != nullptr) continue;
        const std::uint64_t key = pack(floor_div(brick.id.at, kPageEdge), brick.id.level);
        NEBULA_ASSERT(key != 0, "an edit reached beyond kWorldLimit");
        // From the end: neighbours follow each other, and share a page.
        if (std::none_of(prepared.pages_.rbegin(), prepared.pages_.rend(),
                         [key](const NewPage& page) { return page.key == key; }))
            prepared.pages_.push_back({key, std::make_unique<Page>()});
    }
    reserve(prepared.pages_.size(), bricks.size() + back);
    // The save that is under way may fail, and then its bricks come back.
    const std::size_t unsaved = unsaved_.size() + saving_.size() + bricks.size();
    if (unsaved > unsaved_.capacity()) unsaved_.reserve(std::max(unsaved, 2 * unsaved_.capacity()));
    prepared.bricks_ = std::move(bricks);
    prepared.changes_ = changes_;
    return prepared;
}

template <class F>  // called with each brick, which then holds what was replaced
std::uint64_t Volume::publish(Prepared& prepared, F&& replaced) noexcept {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    NEBULA_ASSERT(prepared.changes_ == changes_,
                  "something was published after these bricks were prepared");
    for (NewPage& page : prepared.pages_) link(page.key, std::move(page.page));
    lent_ -= prepared.returned_;
    bool any_pristine = false;
    PlaceFinder places(*this);
    for (EditedBrick& brick : prepared.bricks_) {
        const Place place = places.find(brick.id);
        NEBULA_ASSERT(place.page != nullptr, "a brick was not prepared");
        const bool edited = brick.samples != nullptr;
        any_pristine |= !edited;
        bool was_edited = place.page->edited[place.index];
        if (was_edited) --edited_;
        if (!edited) {
            if (kept_ != nullptr) kept_->hide(brick.id);  // before a reader finds null
            ++dropped_;
        }
        brick.samples = store(place, std::move(brick.samples));
        place.page->edited.set(place.index, edited);
        if (edited) ++edited_;
        if (!was_edited && brick.before != nullptr) {
            was_edited = true;
            retire_stored(std::exchange(brick.samples, std::move(brick.before)));
        }
        note_unsaved(place, brick.id);
        replaced(brick, was_edited);
    }
    const std::uint64_t next = version_.load(std::memory_order_relaxed) + 1;
    // Pairs with version(): a thread that reads the new version finds every brick of the edit.
    version_.store(next, std::memory_order_release);
    if (any_pristine)
        for (const EditedBrick& brick : prepared.bricks_) unlink_if_empty(brick.id);
    return next;
}

std::uint64_t Volume::publish_edited(Prepared prepared) noexcept {
    return publish(prepared, [this](EditedBrick& brick, bool /*was_edited*/) {
        retire_stored(std::move(brick.samples));
    });
}

std::vector<EditedBrick> Volume::publish_keeping(Prepared prepared) noexcept {
    publish(prepared, [this](EditedBrick& brick, bool was_edited) {
        if (!was_edited)  // the generator can make it again
            retire_stored(std::move(brick.samples));
        else if (brick.samples != nullptr && !is_uniform(brick.samples.get()))
            ++lent_;
    });
    return std::move(prepared.bricks_);
}

BrickPtr Volume::kept_copy(BrickId brick) const {
    if (!is_kept_elsewhere(brick)) return nullptr;
    const auto kept = kept_->kept(brick);
    return kept == nullptr ? nullptr : make_brick(*kept);
}

void Volume::recall(std::span<const BrickId> bricks) {
    if (kept_ == nullptr) return;
    std::vector<EditedBrick> missing;
    for (const BrickId id : bricks)
        if (is_kept_elsewhere(id)) missing.push_back({id, nullptr});
    read_before(missing);
    for (EditedBrick& brick : missing)
        if (brick.before != nullptr) publish_saved(brick.id, std::move(brick.before));
}

void Volume::read_before(std::vector<EditedBrick>& bricks) {
    // Together: to wait for each alone takes several times as long. But no more than are remembered.
    constexpr std::size_t at_once = 256;
    std::vector<BrickId> missing;
    std::vector<EditedBrick*> places;
    const auto bring = [&] {
        kept_->prefetch(missing);
        for (EditedBrick* const brick : places) brick->before = kept_copy(brick->id);
        missing.clear();
        places.clear();
    };
    PlaceFinder found(*this);
    for (EditedBrick& brick : bricks) {
        if (brick.samples == nullptr) kept_->make_room_to_hide(brick.id);
        const Place place = found.find(brick.id);
        const bool is_here = place.page != nullptr && place.page->edited[place.index];
        if (is_here || !kept_->has(brick.id))
            brick.before.reset();  // it was there when it was copied
        else if (brick.before == nullptr) {
            missing.push_back(brick.id);
            places.push_back(&brick);
        }
        if (missing.size() == at_once) bring();
    }
    bring();
}

bool Volume::is_unsaved_pristine(BrickId brick) const noexcept {
    const Place place = owned_place(brick);
    return place.page != nullptr && place.page->unsaved[place.index] &&
           !place.page->edited[place.index];
}

bool Volume::drop_kept(BrickId brick) noexcept {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    const Place place = owned_place(brick);
    if (kept_ == nullptr || is_saving_ || place.page == nullptr ||
        !place.page->edited[place.index] || place.page->unsaved[place.index] || !kept_->has(brick))
        return false;
    // A reader that finds null from here on asks kept_, which has the same.
    retire_stored(store(place, nullptr));
    place.page->edited.reset(place.index);
    --edited_;
    ++dropped_;
    unlink_if_empty(brick);
    return true;
}

void Volume::drop_generated(BrickId brick) noexcept {
    NEBULA_ASSERT(is_owner_thread(), kOffOwner);
    const Place place = owned_place(brick);
    if (place.page == nullptr || place.page->edited[place.index]) return;
    BrickPtr replaced(place.page->bricks[place.index].exchange(nullptr, std::memory_order_acq_rel));
    if (replaced == nullptr) return;
    --bricks_;
    arrays_ -= bytes_of_array(replaced.get());
    if (!is_uniform(replaced.get())) {
        --mixed_;
        epochs_.retire(std::move(replaced));
    }
    --place.page->used;
    unlink_if_empty(brick);
}

bool Volume::unlink_if_empty(BrickId brick) noexcept {
    const Place place = owned_place(brick);
    if (place.page == nullptr || place.page->used > 0) return false;
    // A save needs the bits of bricks that became pristine.
    if (place.page->unsaved.any() || place.page->saving > 0) return false;
    // Unlinked first, then retired. A reader that still has the page finds no brick in it, and
    // bricks that are published later in a new page come with a new version.
    Slot* slot = find_slot(*table_.load(std::memory_order_relaxed),
                           pack(floor_div(brick.at, kPageEdge), brick.level));
    slot->page.store(nullptr, std::memory_order_release);
    --pages_;
    ++changes_;
    epochs_.retire(std::unique_ptr<Page>(place.page));
    return true;
}

std::size_t Volume::bytes() const noexcept {
    const Table& table = *table_.load(std::memory_order_relaxed);
    return mixed_ * sizeof(Brick) + arrays_ + pages_ * sizeof(Page) +
           (table.mask + 1) * sizeof(Slot);
}

}  // namespace nebula::voxel

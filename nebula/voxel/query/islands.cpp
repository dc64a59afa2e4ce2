// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/islands.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <utility>

namespace nebula::voxel {

namespace {

using detail::BrickPieces;
using detail::GroundWalk;

constexpr Vec3i kOne{1, 1, 1};
constexpr std::array<Vec3i, 7> kSides{
    {{0, 0, 0}, {1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}};

Box3i grown(const Box3i& box, std::int32_t by) {
    return {box.min - kOne * by, box.max + kOne * by};
}
Box3i box_of(Vec3i brick) { return brick_region({brick}).box; }
Box3i moved(const Box3i& box, Vec3i by) { return {box.min + by, box.max + by}; }

// In the brick's own coordinates, the first piece in a box that no walk has found.
std::optional<GroundWalk::Place> unfound_in(const GroundWalk& walk, GroundWalk::BrickNumber brick,
                                            const Box3i& box) {
    const BrickPieces& cut = walk.pieces(brick);
    const auto below = [](std::int32_t x) { return (1U << static_cast<unsigned>(x)) - 1U; };
    const std::uint32_t columns = below(box.max.x) & ~below(box.min.x);
    for (int z = box.min.z; z < box.max.z; ++z)
        for (int y = box.min.y; y < box.max.y; ++y) {
            const std::size_t row = BrickPieces::row(y, z);
            std::uint32_t left = BrickPieces::starts(cut.ground[row] & columns);
            for (; left != 0; left &= left - 1U) {
                const GroundWalk::Place place{brick, cut.piece_at(row, std::countr_zero(left))};
                if (!walk.is_found(place)) return place;
            }
        }
    return {};
}

}  // namespace

void IslandSearch::set_largest(std::int32_t voxels) noexcept {
    NEBULA_ASSERT(voxels >= 0 && voxels <= kMostIslandSize, "no island can be that large");
    if (voxels == largest_) return;
    largest_ = voxels;
    walk_.forget();  // what is held and what is not may have changed
    walking_ = false;
    if (voxels > 0) return;
    edits_.clear();
    found_.clear();
    brick_ = 0;
    side_ = 0;
    lost_ = false;
}

void IslandSearch::note_edited(std::span<const BrickId> bricks, const Box3i& reach,
                               bool removed) noexcept {
    if (largest_ == 0) return;
    const auto is_known = [this](const BrickId& id) { return id.level == 0 && walk_.knows(id.at); };
    if (std::any_of(bricks.begin(), bricks.end(), is_known)) {
        walk_.forget();
        walking_ = false;
    }
    // What was told of it may not be true any more, so it may be told again.
    std::erase_if(found_, [&](const Island& island) {
        return !intersection(grown(island.box, 1), reach).empty();
    });
    if (!removed) return;
    try {
        Edit edit{{}, reach};
        for (const BrickId& id : bricks)
            if (id.level == 0 && !intersection(box_of(id.at), reach).empty())
                edit.bricks.push_back(id.at);
        if (!edit.bricks.empty()) edits_.push_back(std::move(edit));
    } catch (...) {
        lost_ = true;
    }
}

tl::expected<void, VoxelError> IslandSearch::advance(std::vector<Island>& found) {
    if (std::exchange(lost_, false))
        return tl::unexpected(VoxelError{VoxelError::Kind::OutOfMemory,
                                         "there was no memory to look for islands around an edit"});
    if (edits_.empty()) return {};
    try {
        look_further(found);
    } catch (...) {
        VoxelError error = error_of_current_exception();
        walk_.forget();
        walking_ = false;
        next_place();
        return tl::unexpected(std::move(error));
    }
    return {};
}

void IslandSearch::look_further(std::vector<Island>& found) {
    if (walking_) {
        const GroundWalk::Outcome outcome = walk_.step();
        if (outcome == GroundWalk::Outcome::Walking) return;
        if (outcome == GroundWalk::Outcome::Island) note_island(found);
        walking_ = false;
        return;
    }
    if (const auto place = unfound_place()) {
        walk_.begin(*place, largest_);
        walking_ = true;
        return;
    }
    next_place();
}

// Of the brick that is looked at.
std::optional<GroundWalk::Place> IslandSearch::unfound_place() {
    const Edit& edit = edits_.front();
    const Vec3i at = edit.bricks[brick_];
    const Vec3i side = kSides[static_cast<std::size_t>(side_)];
    const Box3i changed = intersection(box_of(at), edit.reach);
    const Box3i there = box_of(at + side);
    // Next to it along the axes: three boxes in its own brick, and one layer of the brick beside.
    std::array<Box3i, 3> boxes{};
    if (side == Vec3i{}) {
        constexpr std::array<Vec3i, 3> steps{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
        for (std::size_t axis = 0; axis < 3; ++axis)
            boxes[axis] =
                intersection({changed.min - steps[axis], changed.max + steps[axis]}, there);
    } else {
        boxes[0] = intersection(moved(changed, side), there);
    }
    if (boxes[0].empty()) return {};
    const GroundWalk::BrickNumber number = walk_.brick(at + side);
    if (walk_.pieces(number).pieces.empty()) return {};
    for (const Box3i& box : boxes)
        if (!box.empty())
            if (const auto place = unfound_in(walk_, number, moved(box, there.min * -1)))
                return place;
    return {};
}

void IslandSearch::next_place() noexcept {
    if (++side_ < static_cast<int>(kSides.size())) return;
    side_ = 0;
    // Not earlier: what is forgotten here would be walked once more, and never be done.
    if (walk_.brick_count() > GroundWalk::kKept) walk_.forget();
    if (++brick_ < edits_.front().bricks.size()) return;
    brick_ = 0;
    edits_.pop_front();
    if (!edits_.empty()) return;
    walk_.forget();
    found_.clear();
}

void IslandSearch::note_island(std::vector<Island>& found) {
    const Island island{walk_.box(), walk_.first_sample(), walk_.samples()};
    if (std::find(found_.begin(), found_.end(), island) != found_.end()) return;
    found_.push_back(island);
    found.push_back(island);
}

namespace {

// The brick's share of a part's samples.
void copy_brick(const Sample* samples, Vec3i at, GroundWalk& walk, GroundPart& part) {
    const Box3i voxels = box_of(at);
    const Box3i box = intersection(voxels, part.stored());
    const bool known = walk.knows(at);
    const GroundWalk::BrickNumber number = known ? walk.brick(at) : 0;
    // On a worker, an edit may have made ground of it since the walk.
    const auto is_of_this = [&](std::size_t row, int x) {
        return known && (walk.pieces(number).ground[row] >> x & 1) != 0 &&
               walk.is_of_this({number, walk.pieces(number).piece_at(row, x)});
    };
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y) {
            const Vec3i in = Vec3i{box.min.x, y, z} - voxels.min;
            const Sample* const from = samples + Brick::index(in.x, in.y, in.z);
            Sample* const to = part.samples.data() + part.index({box.min.x, y, z});
            const std::size_t row = BrickPieces::row(in.y, in.z);
            for (int i = 0; i < box.max.x - box.min.x; ++i) {
                const bool is_other = is_inside(from[i]) && !is_of_this(row, in.x + i);
                // It touches the part at edges or corners at most. So no edge with a vertex ends at
                // it, and only normals read it.
                to[i] = is_other ? Sample{kSampleUnitsPerVoxel} : from[i];
            }
        }
}

GroundPart copy_part(const Volume& volume, GroundWalk& walk) {
    GroundPart part;
    part.box = walk.box();
    const Box3i all = part.stored();
    part.samples.resize(part.index({all.min.x, all.min.y, all.max.z}));
    std::unique_ptr<std::array<Sample, kBrickSamples>> generated;
    const Vec3i first = floor_div(all.min, kBrickSize);
    const Vec3i last = floor_div(all.max - kOne, kBrickSize);
    for (std::int32_t z = first.z; z <= last.z; ++z)
        for (std::int32_t y = first.y; y <= last.y; ++y)
            for (std::int32_t x = first.x; x <= last.x; ++x) {
                const BrickId id{{x, y, z}};
                if (const FoundBrick stored = volume.read(id)) {
                    copy_brick(stored->samples.data(), id.at, walk, part);
                    continue;
                }
                if (generated == nullptr)
                    generated = std::make_unique_for_overwrite<std::array<Sample, kBrickSamples>>();
                volume.generator().generate(brick_region(id), generated->data(), kBrickSize,
                                            kBrickSize * kBrickSize);
                copy_brick(generated->data(), id.at, walk, part);
            }
    return part;
}

}  // namespace

tl::expected<std::optional<GroundPart>, VoxelError> part_at(const Volume& volume, Vec3i sample,
                                                            std::int32_t largest) {
    NEBULA_ASSERT(largest >= 0 && largest <= kMostIslandSize, "no island can be that large");
    try {
        GroundWalk walk(volume);
        const GroundWalk::BrickNumber brick = walk.brick(floor_div(sample, kBrickSize));
        const Vec3i in = floor_mod(sample, kBrickSize);
        const BrickPieces& cut = walk.pieces(brick);
        const std::size_t row = BrickPieces::row(in.y, in.z);
        if ((cut.ground[row] >> in.x & 1) == 0) return std::optional<GroundPart>{};
        walk.begin({brick, cut.piece_at(row, in.x)}, largest);
        GroundWalk::Outcome outcome = GroundWalk::Outcome::Walking;
        while (outcome == GroundWalk::Outcome::Walking) outcome = walk.step();
        if (outcome == GroundWalk::Outcome::Held) return std::optional<GroundPart>{};
        return std::optional(copy_part(volume, walk));
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel

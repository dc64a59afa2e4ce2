// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/detail/ground_walk.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/generator.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace nebula::voxel::detail {

namespace {

constexpr int kLast = kBrickSize - 1;

Vec3i along(int axis, int by) {
    return {axis == 0 ? by : 0, axis == 1 ? by : 0, axis == 2 ? by : 0};
}

// Calls f(piece of b) for each place at which a piece of `a` touches one across a face.
template <class F>
void for_each_contact(const BrickPieces& a, std::uint32_t piece, const BrickPieces& b, int axis,
                      int side, F&& f) {
    const int out = side > 0 ? kLast : 0;
    const int in = kLast - out;
    const Box3i& box = a.pieces[piece].box;
    if (axis == 0) {
        for (int z = box.min.z; z < box.max.z; ++z)
            for (int y = box.min.y; y < box.max.y; ++y) {
                const std::size_t row = BrickPieces::row(y, z);
                const bool touch = (a.ground[row] >> out & b.ground[row] >> in & 1) != 0;
                if (touch && a.piece_at(row, out) == piece) f(b.piece_at(row, in));
            }
        return;
    }
    const int first = axis == 1 ? box.min.z : box.min.y;
    const int end = axis == 1 ? box.max.z : box.max.y;
    for (int i = first; i < end; ++i) {
        const std::size_t row = axis == 1 ? BrickPieces::row(out, i) : BrickPieces::row(i, out);
        const std::size_t there = axis == 1 ? BrickPieces::row(in, i) : BrickPieces::row(i, in);
        const std::uint32_t both = std::uint32_t{a.ground[row]} & b.ground[there];
        for (std::uint32_t left = BrickPieces::starts(both); left != 0; left &= left - 1U) {
            const int x = std::countr_zero(left);
            if (a.piece_at(row, x) == piece) f(b.piece_at(there, x));
        }
    }
}

}  // namespace

GroundWalk::GroundWalk(const Volume& volume) : volume_(volume) {}

void GroundWalk::forget() noexcept {
    numbers_.clear();
    used_ = 0;
    while (bricks_.size() > kKept) bricks_.pop_back();
    is_held_.clear();
    open_.clear();
    found_.clear();
    walk_ = kNone;
}

GroundWalk::BrickNumber GroundWalk::brick(Vec3i at) {
    if (const auto known = numbers_.find(at); known != numbers_.end()) return known->second;
    if (used_ == bricks_.size()) bricks_.emplace_back();
    KnownBrick& fresh = bricks_[used_];
    fresh.at = at;
    cut(fresh);
    fresh.walk_of_piece.assign(fresh.cut.pieces.size(), kNone);
    const auto number = static_cast<BrickNumber>(used_);
    numbers_.emplace(at, number);
    ++used_;
    return number;
}

void GroundWalk::cut(KnownBrick& known) {
    const BrickId id{known.at};
    if (const FoundBrick stored = volume_.read(id)) {
        if (is_all_solid(stored.get()))
            make_solid(known.cut);
        else
            cut_into_pieces(stored->samples.data(), known.cut);
        return;
    }
    const Region region = brick_region(id);
    const Range range = volume_.generator().bounds(region);
    if (range.all_solid()) return make_solid(known.cut);
    if (range.all_air()) return cut_into_pieces(kAirBrick.samples.data(), known.cut);
    if (generated_ == nullptr) generated_ = std::make_unique_for_overwrite<Samples>();
    volume_.generator().generate(region, generated_->data(), kBrickSize, kBrickSize * kBrickSize);
    cut_into_pieces(generated_->data(), known.cut);
}

void GroundWalk::begin(Place from, std::int32_t most) {
    NEBULA_ASSERT(!is_found(from), "a walk began at ground that another one has found");
    walk_ = static_cast<std::uint32_t>(is_held_.size());
    // Until it is known better: whoever meets what was left half walked must not call it an island.
    is_held_.push_back(1);
    most_ = most;
    met_held_ = false;
    box_ = {};
    samples_ = 0;
    open_.clear();
    found_.clear();
    find(from);
}

void GroundWalk::find(Place place) {
    KnownBrick& in = bricks_[place.brick];
    std::uint32_t& owner = in.walk_of_piece[place.piece];
    if (owner == walk_) return;
    if (owner != kNone) {
        NEBULA_ASSERT(is_held_[owner] != 0, "a walk met an island from outside");
        met_held_ = true;
        return;
    }
    open_.push_back(place);
    found_.push_back(place);
    owner = walk_;
    const BrickPieces::Piece& piece = in.cut.pieces[place.piece];
    const Vec3i origin = in.at * kBrickSize;
    box_ = box_around(box_, {piece.box.min + origin, piece.box.max + origin});
    samples_ += piece.samples;
}

void GroundWalk::meet_across(Place from, int axis, int side) {
    const BrickNumber there = brick(bricks_[from.brick].at + along(axis, side));
    const BrickPieces& a = bricks_[from.brick].cut;
    const BrickPieces& b = bricks_[there].cut;
    if (b.pieces.empty()) return;
    std::uint32_t last = kNone;  // rows that follow each other usually meet the same piece
    for_each_contact(a, from.piece, b, axis, side, [&](std::uint32_t piece) {
        if (piece == last) return;
        last = piece;
        find({there, piece});
    });
}

GroundWalk::Outcome GroundWalk::step() {
    const auto is_too_large = [this] {
        const Vec3i size = box_.max - box_.min;
        return size.x > most_ || size.y > most_ || size.z > most_;
    };
    // Down last, so it is expanded first: in a landscape, that is the way to what holds it.
    struct Face {
        int axis, side;
    };
    constexpr std::array<Face, 6> faces{{{1, 1}, {0, 1}, {2, 1}, {0, -1}, {2, -1}, {1, -1}}};
    const bool was_held = met_held_ || is_too_large();
    if (!was_held && !open_.empty()) {
        const Place from = open_.back();
        open_.pop_back();
        // A copy: bricks that are met first may move nothing, but are added.
        const Box3i box = bricks_[from.brick].cut.pieces[from.piece].box;
        for (const Face& face : faces) {
            const int low = face.axis == 0 ? box.min.x : face.axis == 1 ? box.min.y : box.min.z;
            const int high = face.axis == 0 ? box.max.x : face.axis == 1 ? box.max.y : box.max.z;
            if (face.side > 0 ? high == kBrickSize : low == 0)
                meet_across(from, face.axis, face.side);
        }
    }
    if (met_held_ || is_too_large()) return Outcome::Held;
    if (!open_.empty()) return Outcome::Walking;
    is_held_[walk_] = 0;
    return Outcome::Island;
}

Vec3i GroundWalk::first_sample() const {
    Vec3i first = box_.max;
    for (const Place& place : found_) {
        const KnownBrick& in = bricks_[place.brick];
        const Box3i& box = in.cut.pieces[place.piece].box;
        const Vec3i origin = in.at * kBrickSize;
        for (int z = box.min.z; z < box.max.z; ++z)
            for (int y = box.min.y; y < box.max.y; ++y) {
                const std::size_t row = BrickPieces::row(y, z);
                std::uint32_t left = BrickPieces::starts(in.cut.ground[row]);
                for (; left != 0; left &= left - 1U) {
                    const int x = std::countr_zero(left);
                    if (in.cut.piece_at(row, x) == place.piece)
                        first = std::min(first, origin + Vec3i{x, y, z});
                }
            }
    }
    return first;
}

}  // namespace nebula::voxel::detail

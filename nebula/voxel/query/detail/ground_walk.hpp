// SPDX-License-Identifier: MIT
// Walks through connected ground, piece by piece, until there is no more or it is large enough.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/query/detail/brick_pieces.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

namespace nebula::voxel::detail {

/// Bricks cut into pieces, and for each piece which walk has found it.
///
/// Threads:   owner thread of the volume, or one thread that holds a pin.
/// Cost:      a step expands one piece: 1 us, and some 3 us for each brick that it meets first, plus
///            the generator's time if the brick is not stored and not proven.
/// Lifetime:  borrows the volume, but keeps no pointer to a brick. forget() when one of the bricks
///            that it knows() has changed.
/// Throws:    std::bad_alloc and what the generator throws: forget() then, and begin again.
class GroundWalk {
public:
    using BrickNumber = std::uint32_t;
    struct Place {
        BrickNumber brick = 0;
        std::uint32_t piece = 0;
    };
    enum class Outcome {
        Walking,
        Held,    ///< Larger than the limit, or a part of what is.
        Island,  ///< Everything that is connected was found, and it is not larger.
    };

    explicit GroundWalk(const Volume& volume);

    /// The brick's pieces, cut when it is asked for first.
    [[nodiscard]] BrickNumber brick(Vec3i at);
    [[nodiscard]] const BrickPieces& pieces(BrickNumber brick) const { return bricks_[brick].cut; }
    [[nodiscard]] Vec3i position(BrickNumber brick) const { return bricks_[brick].at; }
    [[nodiscard]] bool knows(Vec3i brick) const { return numbers_.contains(brick); }
    [[nodiscard]] std::size_t brick_count() const noexcept { return used_; }
    /// Keeps memory for kKept bricks.
    void forget() noexcept;
    static constexpr std::size_t kKept = 512;

    [[nodiscard]] bool is_found(Place place) const {
        return bricks_[place.brick].walk_of_piece[place.piece] != kNone;
    }
    /// Begins a walk at a piece that was not found. `most`: the largest edge of an island's box.
    void begin(Place from, std::int32_t most);
    Outcome step();

    /// Of the walk that has begun last.
    [[nodiscard]] const Box3i& box() const noexcept { return box_; }
    [[nodiscard]] std::int64_t samples() const noexcept { return samples_; }
    /// The first sample of an island in the order of x, y, z: the same wherever the walk began.
    [[nodiscard]] Vec3i first_sample() const;
    /// Whether the piece is one of the last walk's.
    [[nodiscard]] bool is_of_this(Place place) const {
        return bricks_[place.brick].walk_of_piece[place.piece] == walk_;
    }

private:
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;
    struct KnownBrick {
        Vec3i at;
        BrickPieces cut;
        std::vector<std::uint32_t> walk_of_piece;
    };

    void cut(KnownBrick& known);
    void find(Place place);
    void meet_across(Place from, int axis, int side);

    const Volume& volume_;
    using Samples = std::array<Sample, kBrickSamples>;
    std::unique_ptr<Samples> generated_;
    std::unordered_map<Vec3i, BrickNumber, Vec3iHash> numbers_;
    std::deque<KnownBrick> bricks_;  // the first used_ are known; the rest is memory for more
    std::size_t used_ = 0;
    std::vector<std::uint8_t> is_held_;  // by walk
    std::vector<Place> found_;           // of this walk
    std::vector<Place> open_;            // of those, what is to be expanded; the last goes first
    std::uint32_t walk_ = 0;
    std::int32_t most_ = 0;
    bool met_held_ = false;
    Box3i box_;
    std::int64_t samples_ = 0;
};

}  // namespace nebula::voxel::detail

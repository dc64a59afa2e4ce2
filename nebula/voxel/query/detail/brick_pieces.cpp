// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/detail/brick_pieces.hpp"

#include "nebula/voxel/field/sample.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace nebula::voxel::detail {

namespace {

// As case_of() does with the corners of a cell: the sign bits of eight samples.
std::uint32_t signs_of(const Sample* samples) noexcept {
    static_assert(std::endian::native == std::endian::little);
    static_assert(is_inside(Sample{-1}) && !is_inside(Sample{0}));
    std::uint64_t eight = 0;
    std::memcpy(&eight, samples, sizeof eight);
    const std::uint64_t signs = eight >> 7U & 0x0101010101010101ULL;
    return static_cast<std::uint32_t>(signs * 0x0102040810204080ULL >> 56U);
}

// Sets of runs, by the one with the smallest number in each.
class RunSets {
public:
    explicit RunSets(std::vector<std::uint16_t>& parents) : parents_(parents) {}

    [[nodiscard]] std::uint16_t first(std::size_t run) const noexcept {
        auto at = static_cast<std::uint16_t>(run);
        while (parents_[at] != at) {
            parents_[at] = parents_[parents_[at]];
            at = parents_[at];
        }
        return at;
    }
    void join(std::size_t a, std::size_t b) noexcept {
        const std::uint16_t p = first(a);
        const std::uint16_t q = first(b);
        parents_[std::max(p, q)] = std::min(p, q);
    }

private:
    std::vector<std::uint16_t>& parents_;
};

void join_rows(const BrickPieces& brick, std::size_t a, std::size_t b, RunSets& sets) {
    // Samples of the overlap that follow each other lie in one run of either row.
    const std::uint32_t both = std::uint32_t{brick.ground[a]} & brick.ground[b];
    for (std::uint32_t left = BrickPieces::starts(both); left != 0; left &= left - 1U) {
        const int x = std::countr_zero(left);
        sets.join(brick.run_at(a, x), brick.run_at(b, x));
    }
}

void add_run(BrickPieces::Piece& piece, int x, int length, int y, int z) {
    piece.box = box_around(piece.box, {{x, y, z}, {x + length, y + 1, z + 1}});
    piece.samples += static_cast<std::uint32_t>(length);
}

}  // namespace

void cut_into_pieces(const Sample* samples, BrickPieces& out) {
    out.pieces.clear();
    std::size_t runs = 0;
    for (std::size_t r = 0; r < BrickPieces::kRows; ++r) {
        const Sample* const row = samples + r * kBrickSize;
        out.ground[r] = static_cast<BrickPieces::Row>(signs_of(row) | signs_of(row + 8) << 8U);
        out.first_run[r] = static_cast<std::uint16_t>(runs);
        runs += static_cast<std::size_t>(std::popcount(BrickPieces::starts(out.ground[r])));
    }
    static_assert(BrickPieces::kRows * kBrickSize / 2 <= std::numeric_limits<std::uint16_t>::max());
    out.piece_of_run.resize(runs);
    for (std::size_t i = 0; i < runs; ++i) out.piece_of_run[i] = static_cast<std::uint16_t>(i);
    RunSets sets(out.piece_of_run);
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y) {
            const std::size_t here = BrickPieces::row(y, z);
            if (y > 0) join_rows(out, here, BrickPieces::row(y - 1, z), sets);
            if (z > 0) join_rows(out, here, BrickPieces::row(y, z - 1), sets);
        }
    // The first of a set comes before the others, so its own number is already that of the piece.
    std::size_t run = 0;
    for (int z = 0; z < kBrickSize; ++z)
        for (int y = 0; y < kBrickSize; ++y) {
            std::uint32_t left = out.ground[BrickPieces::row(y, z)];
            for (; left != 0; ++run) {
                const int x = std::countr_zero(left);
                const int length = std::countr_one(left >> static_cast<unsigned>(x));
                left &= left + (1U << static_cast<unsigned>(x));  // clears the lowest run
                const std::uint16_t first = out.piece_of_run[run];
                if (first == run) {
                    out.piece_of_run[run] = static_cast<std::uint16_t>(out.pieces.size());
                    out.pieces.emplace_back();
                } else {
                    out.piece_of_run[run] = out.piece_of_run[first];
                }
                add_run(out.pieces[out.piece_of_run[run]], x, length, y, z);
            }
        }
}

void make_solid(BrickPieces& out) {
    out.ground.fill(std::numeric_limits<BrickPieces::Row>::max());
    for (std::size_t r = 0; r < BrickPieces::kRows; ++r)
        out.first_run[r] = static_cast<std::uint16_t>(r);
    out.piece_of_run.assign(BrickPieces::kRows, 0);
    out.pieces.assign(1, {{{}, {kBrickSize, kBrickSize, kBrickSize}}, kBrickSamples});
}

}  // namespace nebula::voxel::detail

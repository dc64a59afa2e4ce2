// SPDX-License-Identifier: MIT
// Which triangles a cell gets, for every pattern of signs at its corners. README, "Tables", has the
// rule from which they are derived and what is proved about them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel {

/// Triangles of a cell between 8 corners. Corner i lies at (i & 1, i >> 1 & 1, i >> 2 & 1); bit i
/// of a case is set if corner i is inside.
///
/// Edges 0..3 run along x, 4..7 along y, 8..11 along z. Within an axis, the other two coordinates
/// count up, the lower axis first: edge 5 runs along y at x = 1, z = 0.
struct RegularCase {
    static constexpr std::size_t kMaxTriangles = 5;
    std::uint8_t triangle_count = 0;
    std::array<std::uint8_t, 3 * kMaxTriangles> edges{};  ///< Three per triangle, clockwise fronts.
};
static_assert(sizeof(RegularCase) == 16);

/// Triangles of a cell between one face of 3x3 samples and the face of 2x2 samples that a level
/// twice as coarse sees there.
///
///        full resolution          half resolution      (u, v, w) is right-handed; w points from
///          6 -- 7 -- 8                B ------- C      the full side (w = 0) to the half (w = 1)
///      v   |    |    |                |         |
///      |   3 -- 4 -- 5                |         |      9, A, B, C read the samples of 0, 2, 6, 8
///      +-u 0 -- 1 -- 2                9 ------- A
///
/// Bit k of a case is sample kSampleOfBit[k].
///
/// Edges 0..5 run along u on the full side (0-1, 1-2, 3-4, ...), 6..11 along v (0-3, 1-4, 2-5,
/// 3-6, ...); on the half side 12 is 9-A, 13 is B-C, 14 is 9-B and 15 is A-C. The four edges
/// between the sides join equal samples and are never crossed.
struct TransitionCase {
    static constexpr std::size_t kMaxTriangles = 12;
    static constexpr std::array<std::uint8_t, 9> kSampleOfBit{0, 1, 2, 5, 8, 7, 6, 3, 4};
    std::uint8_t triangle_count = 0;
    std::array<std::uint8_t, 3 * kMaxTriangles> edges{};  ///< Three per triangle, clockwise fronts.
};

/// The lines in which the surface of a transition cell meets all of its faces but the half side.
struct TransitionOutline {
    /// The four parts of the full side, or one of the faces between the two sides, at this u or v.
    enum class Face : std::uint8_t { FullSide, V0, U2, V2, U0 };
    struct Line {
        std::uint8_t from = 0;  ///< An edge, as in a TransitionCase.
        std::uint8_t to = 0;    ///< The triangle at this line runs from `from` to `to`.
        Face face = Face::FullSide;
        bool rises = false;  ///< Whether `to`, in the middle of its edge, has the larger u.
    };
    static constexpr std::size_t kMaxLines = 12;
    std::uint8_t loop_count = 0;  ///< The lines of all faces form so many loops.
    std::uint8_t line_count = 0;
    std::array<Line, kMaxLines> lines{};
};

struct CellTables {
    std::array<RegularCase, 256> regular;
    std::array<TransitionCase, 512> transition;
    std::array<TransitionOutline, 512> outline;  ///< By case, too.
};

/// Threads:   any thread.
/// Cost:      derived in the first call, well under 10 ms; a load afterwards.
[[nodiscard]] const CellTables& cell_tables();

}  // namespace nebula::voxel

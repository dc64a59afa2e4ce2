// SPDX-License-Identifier: MIT
// What the faces of a grid of blocks must look like, one at a time and straight from the rules of
// the README. It shares nothing with the mesher.
#pragma once

#include "nebula/voxel/field/block_grid.hpp"
#include "nebula/voxel/mesh/blocky_mesh.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel::test {

/// Two axes span a face: the next one after its own, and the one after that (x, y, z, x, ...).
struct UnitFace {
    BlockId id = kAir;                 ///< kAir: not shown.
    std::array<std::int8_t, 4> light;  ///< At (0, 0), (1, 0), (1, 1), (0, 1) on those two axes.
};

/// The faces of all blocks of a grid.
class UnitFaces {
public:
    explicit UnitFaces(int size) : size_(size), faces_(6 * cells()) {}

    /// `side` is 2 * axis, plus 1 if the face looks towards higher coordinates.
    [[nodiscard]] UnitFace& at(std::size_t side, Vec3i block) {
        return faces_[side * cells() +
                      static_cast<std::size_t>(block.x + (block.y + block.z * size_) * size_)];
    }
    [[nodiscard]] std::size_t shown() const;

private:
    [[nodiscard]] std::size_t cells() const {
        return static_cast<std::size_t>(size_) * static_cast<std::size_t>(size_ * size_);
    }

    int size_;
    std::vector<UnitFace> faces_;
};

[[nodiscard]] UnitFaces visible_faces(const BlockGrid& grid, const BlockTypes& types);

/// A quad of a mesh, in the oracle's words.
struct OracleQuad {
    std::size_t side = 0;
    int plane = 0;             ///< The coordinate on the quad's axis.
    std::array<int, 2> low{};  ///< On the two other axes.
    std::array<int, 2> high{};
    BlockId id = kAir;
    std::array<int, 4> light{};  ///< As in UnitFace.
    bool diagonal = false;       ///< The triangles meet between corners 1 and 3, not 0 and 2.

    [[nodiscard]] std::size_t axis() const { return side / 2; }
    /// Whether two corners of each pair along axis 0 or 1 of its plane are equally light.
    [[nodiscard]] bool level(std::size_t along) const;
};

/// The quads of a mesh. Reports a test failure for anything that is not a rectangle of whole faces
/// with clockwise triangles and one id.
[[nodiscard]] std::vector<OracleQuad> quads_of(const BlockyMesh& mesh);

/// Whether the quads are the visible faces: each covered exactly once, with its id, and equally
/// light at `steps + 1` points along each axis of every face. Reports the first difference.
[[nodiscard]] bool shows_the_faces(const std::vector<OracleQuad>& quads, UnitFaces faces,
                                   std::size_t count, int steps);

/// Whether no two quads could be one.
[[nodiscard]] bool is_maximal(const std::vector<OracleQuad>& quads);

}  // namespace nebula::voxel::test

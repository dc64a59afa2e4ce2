// SPDX-License-Identifier: MIT
// From quads to the bytes of a mesh. README, "Blocky mesher".
#pragma once

#include "nebula/voxel/mesh/blocky_mesh.hpp"
#include "nebula/voxel/mesh/detail/blocky_kernel.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {

inline constexpr std::uint8_t kNoByte = 0x80;  ///< In a shuffle: gives 0.

/// Where the bytes of four vertices come from.
struct VertexOrder {
    /// Of the quad, for three 32-bit numbers per vertex; nothing in the last 16 bytes.
    alignas(64) std::array<std::uint8_t, 64> position;
    /// Of the lights, for one 32-bit colour per vertex.
    std::array<std::uint8_t, 16> light;
};

/// The corners are (u0, v0), (u1, v0), (u1, v1), (u0, v1). The order of the vertices is clockwise
/// from the front. It begins with corner 0, or, turned, with a neighbour of corner 0: then the
/// diagonal between the two triangles joins corners 1 and 3.
[[nodiscard]] constexpr VertexOrder vertex_order(std::size_t axis, std::size_t way, bool turned) {
    VertexOrder order{};
    order.position.fill(kNoByte);
    order.light.fill(kNoByte);
    // The corners are counter-clockwise from where u x v points to, and that is forward on x and z.
    const bool corners_are_clockwise = (way == kForward) == (axis == 1);
    for (std::size_t vertex = 0; vertex < 4; ++vertex) {
        const std::size_t step = (vertex + (turned ? 1 : 0)) % 4;
        const std::size_t corner = corners_are_clockwise ? step : (4 - step) % 4;
        const std::uint8_t u = corner == 1 || corner == 2 ? 2 : 0;
        const std::uint8_t v = corner >= 2 ? 3 : 1;
        for (std::size_t coordinate = 0; coordinate < 3; ++coordinate) {
            order.position[4 * (3 * vertex + coordinate)] = coordinate == axis           ? 4
                                                            : coordinate == u_axis(axis) ? u
                                                                                         : v;
        }
        order.light[4 * vertex] = static_cast<std::uint8_t>(corner);
    }
    return order;
}

/// By axis, way, and whether it is turned.
inline constexpr auto kVertexOrders = [] {
    std::array<std::array<std::array<VertexOrder, 2>, 2>, 3> orders{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        for (const std::size_t way : {kBackward, kForward}) {
            orders[axis][way] = {vertex_order(axis, way, false), vertex_order(axis, way, true)};
        }
    }
    return orders;
}();

/// What byte 5 of a quad says, how dark the corners are.
struct alignas(8) Shade {
    std::array<std::uint8_t, 4> light{};  ///< By corner.
    bool turned = false;                  ///< The diagonal joins the lighter pair of corners.
};

inline constexpr auto kShades = [] {
    std::array<Shade, 256> shades{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        std::array<unsigned, 4> dark{};
        for (unsigned corner = 0; corner < 4; ++corner) {
            const unsigned low = (corner >= 2 ? 4U : 0U) + (corner == 1 || corner == 2 ? 1U : 0U);
            dark[corner] = (byte >> low & 1U) | (byte >> (low + 2) & 1U) << 1U;
            shades[byte].light[corner] = static_cast<std::uint8_t>(85 * (3 - dark[corner]));
        }
        shades[byte].turned = dark[1] + dark[3] < dark[0] + dark[2];
    }
    return shades;
}();

/// Replaces `out` with the quads, which are by 2 * axis + way.
void write_quads(const std::array<QuadList, 6>& quads, BlockyMesh& out);

}  // namespace nebula::voxel::detail

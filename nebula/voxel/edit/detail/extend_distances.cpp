// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/extend_distances.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

namespace nebula::voxel::detail {

namespace {

constexpr int kFarthest = std::numeric_limits<std::int16_t>::max();

struct Step {
    int x, y, z;
    int cost;
};
// The 13 neighbours that come earlier in the grid's order; the others are their opposites.
constexpr std::array<Step, 13> kEarlier{{{-1, 0, 0, 32},
                                         {-1, -1, 0, 45},
                                         {0, -1, 0, 32},
                                         {1, -1, 0, 45},
                                         {-1, -1, -1, 55},
                                         {0, -1, -1, 45},
                                         {1, -1, -1, 55},
                                         {-1, 0, -1, 45},
                                         {0, 0, -1, 32},
                                         {1, 0, -1, 45},
                                         {-1, 1, -1, 55},
                                         {0, 1, -1, 45},
                                         {1, 1, -1, 55}}};

}  // namespace

void extend_distances(DistanceGrid& grid, int known) {
    std::vector<bool> fixed(grid.distances.size());
    for (std::size_t i = 0; i < fixed.size(); ++i) {
        std::int16_t& d = grid.distances[i];
        fixed[i] = std::abs(int{d}) < known;
        if (!fixed[i]) d = static_cast<std::int16_t>(d < 0 ? -kFarthest : kFarthest);
    }
    const Vec3i size = grid.size;
    const auto relax = [&](int x, int y, int z, int direction) {
        const std::size_t here = grid.index(x, y, z);
        if (fixed[here]) return;
        int nearest = std::abs(int{grid.distances[here]});
        const bool inside = grid.distances[here] < 0;
        for (const Step& step : kEarlier) {
            const int nx = x + direction * step.x;
            const int ny = y + direction * step.y;
            const int nz = z + direction * step.z;
            if (nx < 0 || ny < 0 || nz < 0 || nx >= size.x || ny >= size.y || nz >= size.z)
                continue;
            const int there = grid.at(nx, ny, nz);
            // A neighbour on the other side of the surface tells less than the own lower bound.
            nearest = std::min(nearest, (inside ? -there : there) + step.cost);
        }
        nearest = std::max(nearest, known);
        grid.distances[here] = static_cast<std::int16_t>(inside ? -nearest : nearest);
    };
    for (int z = 0; z < size.z; ++z)
        for (int y = 0; y < size.y; ++y)
            for (int x = 0; x < size.x; ++x) relax(x, y, z, 1);
    for (int z = size.z - 1; z >= 0; --z)
        for (int y = size.y - 1; y >= 0; --y)
            for (int x = size.x - 1; x >= 0; --x) relax(x, y, z, -1);
}

}  // namespace nebula::voxel::detail

// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/ground_body.hpp"

#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <algorithm>
#include <cmath>

namespace nebula::voxel {

namespace {

constexpr float kSoonSeconds = 0.25F;
constexpr float kAheadSeconds = 1.0F;
// Around everything: a collider's triangles reach up to their tile's border, and the margins of
// physics engines a little beyond the body.
constexpr float kTouch = 0.5F;
constexpr float kMostFromMiddle = 128.0F;

bool is_finite(Vec3f v) { return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z); }

// One axis of the box, swept and grown.
void extend(float& low, float& high, float velocity, float seconds, float margin) {
    const float middle = low + (high - low) * 0.5F;
    const float way = velocity * seconds;
    low = std::max(low + std::min(way, 0.0F) - margin, middle - kMostFromMiddle);
    high = std::min(high + std::max(way, 0.0F) + margin, middle + kMostFromMiddle);
}

// Nothing if the box is not finite or reaches out of the world.
Box3i tiles_around(const Aabb& box) {
    for (const Vec3f corner : {box.min, box.max})
        for (const float c : {corner.x, corner.y, corner.z})
            if (!std::isfinite(c) || std::abs(c) > kWorldLimit) return {};
    const auto tile = [](float c) {
        return static_cast<std::int32_t>(std::floor(c * (1.0F / float{kTileSize})));
    };
    return {{tile(box.min.x), tile(box.min.y), tile(box.min.z)},
            {tile(box.max.x) + 1, tile(box.max.y) + 1, tile(box.max.z) + 1}};
}

Box3i swept(const GroundBody& body, float seconds, float margin) {
    Aabb box = body.box;
    extend(box.min.x, box.max.x, body.velocity.x, seconds, margin);
    extend(box.min.y, box.max.y, body.velocity.y, seconds, margin);
    extend(box.min.z, box.max.z, body.velocity.z, seconds, margin);
    return tiles_around(box);
}

}  // namespace

TilesNeeded tiles_needed(const GroundBody& body) noexcept {
    if (!is_finite(body.box.min) || !is_finite(body.box.max) || !is_finite(body.velocity) ||
        !std::isfinite(body.reach))
        return {};
    const float reach = std::clamp(body.reach, 0.0F, kMostGroundReach);
    const TilesNeeded needed{swept(body, kSoonSeconds, kTouch),
                             swept(body, kAheadSeconds, std::max(reach, kTouch))};
    return needed.all.empty() ? TilesNeeded{} : needed;
}

}  // namespace nebula::voxel

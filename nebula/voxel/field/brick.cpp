// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/brick.hpp"

#include <algorithm>

namespace nebula::voxel {

namespace {

constexpr Brick filled(Sample value) {
    Brick brick{};
    brick.samples.fill(value);
    return brick;
}

}  // namespace

constinit const Brick kAirBrick = filled(kSampleMax);
constinit const Brick kSolidBrick = filled(kSampleMin);

BrickPtr make_brick(const Brick& samples) {
    for (const Brick* shared : {&kAirBrick, &kSolidBrick})
        if (samples.samples == shared->samples) return BrickPtr(shared);
    return BrickPtr(new Brick(samples));
}

}  // namespace nebula::voxel

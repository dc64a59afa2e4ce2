// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/brick.hpp"

#include <algorithm>
#include <memory>

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

namespace {

const Brick* shared_equal(const Brick& samples) noexcept {
    for (const Brick* shared : {&kAirBrick, &kSolidBrick})
        if (samples.samples == shared->samples) return shared;
    return nullptr;
}

}  // namespace

BrickPtr make_brick(const Brick& samples) {
    if (const Brick* shared = shared_equal(samples)) return BrickPtr(shared);
    return BrickPtr(new Brick(samples));
}

BrickPtr keep_brick(std::unique_ptr<Brick> brick) noexcept {
    if (const Brick* shared = shared_equal(*brick)) return BrickPtr(shared);
    return BrickPtr(brick.release());
}

}  // namespace nebula::voxel

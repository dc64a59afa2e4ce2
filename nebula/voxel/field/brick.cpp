// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/brick.hpp"

#include "nebula/voxel/field/detail/slab_pool.hpp"
#include "nebula/voxel/space/hash_bytes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

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

#if !defined(NEBULA_SANITIZED)
namespace {

// Never destroyed: a brick may be freed while the process ends.
detail::SlabPool& brick_memory() {
    static_assert(sizeof(Brick) == detail::SlabPool::kBlockBytes);
    static auto* const kPool = new detail::SlabPool;
    return *kPool;
}

}  // namespace

void* Brick::operator new(std::size_t /*size*/, std::align_val_t /*alignment*/) {
    return brick_memory().take();
}

void Brick::operator delete(void* brick, std::align_val_t /*alignment*/) noexcept {
    brick_memory().give(brick);
}
#endif

BrickPtr make_brick(const Brick& samples) {
    if (const Brick* shared = shared_equal(samples)) return BrickPtr(shared);
    return BrickPtr(new Brick(samples));
}

BrickPtr keep_brick(std::unique_ptr<Brick> brick) noexcept {
    if (const Brick* shared = shared_equal(*brick)) return BrickPtr(shared);
    return BrickPtr(brick.release());
}

std::uint64_t hash_of(const Brick& brick) noexcept {
    // Most bricks of a large edit are these.
    static const std::array<std::uint64_t, 2> kUniform{
        hash_bytes(std::as_bytes(std::span(kAirBrick.samples))) | 1U,
        hash_bytes(std::as_bytes(std::span(kSolidBrick.samples))) | 1U};
    if (is_uniform(&brick)) return kUniform[&brick == &kAirBrick ? 0 : 1];
    return hash_bytes(std::as_bytes(std::span(brick.samples))) | 1U;
}

}  // namespace nebula::voxel

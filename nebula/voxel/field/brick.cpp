// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/brick.hpp"

#include "nebula/voxel/field/detail/slab_pool.hpp"
#include "nebula/voxel/space/hash_bytes.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <span>

namespace nebula::voxel {

constinit const Brick kAirBrick(kSampleMax);
constinit const Brick kSolidBrick(kSampleMin);

namespace detail {
constinit SolidBricks solid_bricks{};
}

const Brick* solid_brick(Material material) noexcept {
    // Not std::call_once, which no compiler but its own can link on Windows: the library keeps what is
    // called in a thread_local, and clang and g++ disagree there about what that is.
    static constinit std::array<std::atomic<const Brick*>, kMaterials> made{};
    static std::mutex making;
    // acquire: the brick below is seen whole. Pairs with the store.
    if (const Brick* const brick = made[material].load(std::memory_order_acquire)) return brick;
    const std::scoped_lock lock(making);
    // relaxed: whoever stored it held the lock.
    if (const Brick* const brick = made[material].load(std::memory_order_relaxed)) return brick;
    auto* const brick =
        ::new (detail::solid_bricks.bytes.data() + material * sizeof(Brick)) Brick(kSampleMin);
    brick->placed = PlacedMaterials::uniform(material);
    made[material].store(brick, std::memory_order_release);
    return brick;
}

namespace {

const Brick* shared_equal(const Brick& brick) noexcept {
    if (brick.placed.array() != nullptr) return nullptr;
    if (brick.samples == kAirBrick.samples) return &kAirBrick;
    if (brick.samples != kSolidBrick.samples) return nullptr;
    return brick.placed.none() ? &kSolidBrick : solid_brick(brick.placed.uniform());
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

BrickPtr make_brick(const Brick& brick) {
    if (const Brick* shared = shared_equal(brick)) return BrickPtr(shared);
    return BrickPtr(new Brick(brick));
}

BrickPtr keep_brick(std::unique_ptr<Brick> brick) noexcept {
    if (const Brick* shared = shared_equal(*brick)) return BrickPtr(shared);
    return BrickPtr(brick.release());
}

namespace {

std::uint64_t hash_of_samples(const Brick& brick) noexcept {
    // Most bricks of a large edit are these.
    static const std::array<std::uint64_t, 2> kUniform{
        hash_bytes(std::as_bytes(std::span(kAirBrick.samples))) | 1U,
        hash_bytes(std::as_bytes(std::span(kSolidBrick.samples))) | 1U};
    if (is_uniform(&brick)) return kUniform[&brick == &kAirBrick ? 0 : 1];
    return hash_bytes(std::as_bytes(std::span(brick.samples))) | 1U;
}

}  // namespace

std::uint64_t hash_of(const Brick& brick) noexcept {
    const std::uint64_t samples = hash_of_samples(brick);
    if (brick.placed.none()) return samples;  // as before there were materials
    const auto* const array = brick.placed.array();
    const Material uniform = brick.placed.uniform();
    const std::array<std::uint64_t, 2> both{
        samples, hash_bytes(array != nullptr ? std::as_bytes(std::span(*array))
                                             : std::as_bytes(std::span(&uniform, 1)))};
    return hash_bytes(std::as_bytes(std::span(both))) | 1U;
}

}  // namespace nebula::voxel

// SPDX-License-Identifier: MIT
// Memory for bricks.
#pragma once

#include "nebula/base/mutex.hpp"

#include <cstddef>

namespace nebula::voxel::detail {

/// Blocks of a brick each, cut from slabs. A heap takes several times as long for aligned
/// blocks of this size, and most of what is left is the time in which the kernel, and a hypervisor
/// below it, provide one page at a time. A slab is one large page where the system has them.
///
/// Threads:   any.
/// Cost:      a short lock. Every 503rd block, at most, asks the kernel for 2 MB: 50 to 200 us.
/// Lifetime:  a slab goes back when its last block does; one empty slab is kept.
/// Throws:    take: std::bad_alloc.
class SlabPool {
public:
    static constexpr std::size_t kBlockBytes = 4096 + 64;  // samples, and where materials are
    static constexpr std::size_t kSlabBytes = std::size_t{2} << 20U;
    /// The first block of a slab is about the slab.
    static constexpr std::size_t kBlocks = kSlabBytes / kBlockBytes - 1;

    SlabPool() = default;
    ~SlabPool();
    SlabPool(const SlabPool&) = delete;
    SlabPool& operator=(const SlabPool&) = delete;

    [[nodiscard]] void* take();
    void give(void* block) noexcept;

    [[nodiscard]] std::size_t slab_count() const;

private:
    struct Free;
    struct Slab;

    static Slab* slab_of(void* block) noexcept;
    static Slab* make_slab();
    static void free_slab(Slab* slab) noexcept;
    void* take_block() noexcept NEBULA_REQUIRES(mutex_);
    void link(Slab* slab) noexcept NEBULA_REQUIRES(mutex_);
    void unlink(Slab* slab) noexcept NEBULA_REQUIRES(mutex_);

    mutable Mutex mutex_;
    Slab* with_room_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    std::size_t slabs_ NEBULA_GUARDED_BY(mutex_) = 0;
    std::size_t empty_ NEBULA_GUARDED_BY(mutex_) = 0;  // slabs without a block in use
};

}  // namespace nebula::voxel::detail

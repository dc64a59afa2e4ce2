// SPDX-License-Identifier: MIT
// How urgent a task is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nebula {

/// A higher band is always looked at first; within a band, the order is that of the queues.
enum class Band : std::uint8_t {
    Frame,       ///< Needed before this frame ends: an edit's remesh.
    Normal,      ///< Needed soon.
    Background,  ///< Needed some time: far chunks.
};

inline constexpr std::size_t kBandCount = 3;

struct SpawnOptions {
    Band band = Band::Normal;
    /// For the panic handler and for traces. Borrowed until the task has ended: a literal.
    const char* name = nullptr;
};

}  // namespace nebula

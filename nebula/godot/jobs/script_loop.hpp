// SPDX-License-Identifier: MIT
// Loops and maps over the values of a script, by a function of a script.
#pragma once

#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/godot/jobs/script_function.hpp"
#include "nebula/threading/band.hpp"

#include <cstddef>
#include <memory>

namespace nebula {
class WorkerPool;
}

namespace nebula::godot {

/// What a loop goes over.
///
/// Threads:   made on one thread, then read by any. What scripts do with the array afterwards does
///            not matter: a packed array is shared until it is written to, an Array is copied.
class LoopItems {
public:
    /// A whole number n for 0 to n - 1, an Array, or a packed array.
    /// \throws std::invalid_argument for anything else, or a negative number.
    [[nodiscard]] static std::shared_ptr<const LoopItems> of(const Variant& what);

    virtual ~LoopItems() = default;
    LoopItems(const LoopItems&) = delete;
    LoopItems& operator=(const LoopItems&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] virtual Variant at(std::size_t i) const = 0;
    /// The results of a map, as a packed array of the same type as the items if each of them fits.
    [[nodiscard]] virtual Variant packed(const Array& results) const { return Variant(results); }

protected:
    explicit LoopItems(std::size_t size) noexcept : size_(size) {}

private:
    std::size_t size_;
};

/// Calls the function with each item, on workers and the calling thread, and returns when all calls
/// have ended.
///
/// Threads:   main thread, or a worker of the pool.
/// Cost:      of each item, a Variant and a call. Pieces are 256, or one for each item if there are
///            fewer.
/// Throws:    the ScriptError of the first call that fails; calls that have not begun by then are
///            left out. TaskFailed, with Code::Cancelled, if the job that calls this is asked to
///            stop. NestedTooDeep.
void script_for(WorkerPool& pool, const LoopItems& items, const ScriptFunction& function,
                Band band);

/// The same, and returns what the calls return, in the order of the items.
///
/// Throws:    also std::bad_alloc.
[[nodiscard]] Variant script_map(WorkerPool& pool, const LoopItems& items,
                                 const ScriptFunction& function, Band band);

}  // namespace nebula::godot

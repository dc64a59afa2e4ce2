// SPDX-License-Identifier: MIT
// What coroutines of the probes write down, and the locals they are counted by.
#pragma once

#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/task_handle.hpp"

#include <memory>
#include <string>

namespace nebula::godot {

/// Stands in every coroutine of a probe: whoever ends a task must destroy it, once, on the main
/// thread.
class ProbeLocal {
public:
    ProbeLocal() { ++made; }
    ~ProbeLocal() {
        ++destroyed;
        if (!is_main_thread()) ++destroyed_elsewhere;
    }
    ProbeLocal(const ProbeLocal&) = delete;
    ProbeLocal& operator=(const ProbeLocal&) = delete;

    static inline int made = 0;
    static inline int destroyed = 0;
    static inline int destroyed_elsewhere = 0;
};

/// What a coroutine tells; outlives coroutine and probe.
class ProbeLog {
public:
    void add(const Variant& entry) { entries.append(entry); }
    void add(const AsyncError& error) {
        entries.append(Variant(std::string("error: ") + error.what()));
    }

    Array entries;
    TaskHandle<> handle;
};
using ProbeLogPtr = std::shared_ptr<ProbeLog>;

}  // namespace nebula::godot

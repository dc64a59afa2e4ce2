// SPDX-License-Identifier: MIT
#include "nebula/trace/tracy.hpp"

#include "nebula/base/trace.hpp"
#include "nebula/trace/detail/thread_label.hpp"

#include <tracy/TracyC.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace nebula {
namespace {

using Place = ___tracy_source_location_data;

constexpr Place kTask{"task", "", "", 0, 0};
constexpr Place kZone{"zone", "", "", 0, 0};
constexpr Place kParked{"parked", "", "", 0, 0x404040};

// Tracy needs its own handle of a zone back at the end. Deeper zones are not shown.
struct OpenZones {
    std::array<TracyCZoneCtx, 64> zones;
    std::size_t depth;
    bool named;
};
constinit thread_local OpenZones open{};

void begin(const Place& place, const char* name) noexcept {
    if (!open.named) {
        open.named = true;
        // Tracy keeps a copy.
        try {
            ___tracy_set_thread_name(detail::this_thread_label().c_str());
        } catch (...) {  // no memory for a name: continue without it
            open.named = false;
        }
    }
    if (open.depth++ >= open.zones.size()) return;
    const TracyCZoneCtx zone = ___tracy_emit_zone_begin(&place, 1);
    if (name != nullptr) ___tracy_emit_zone_name(zone, name, std::strlen(name));
    open.zones[open.depth - 1] = zone;
}

void end() noexcept {
    if (open.depth == 0) return;  // it began before the hooks were installed
    if (--open.depth < open.zones.size()) ___tracy_emit_zone_end(open.zones[open.depth]);
}

constexpr TraceHooks kHooks{
    .task_begin = [](const char* name, int) noexcept { begin(kTask, name); },
    .task_end = [](const char*, int) noexcept { end(); },
    .park = [](int) noexcept { begin(kParked, nullptr); },
    .unpark = [](int) noexcept { end(); },
    .steal = [](int) noexcept { TracyCMessageL("steal"); },
    .wake = [](std::size_t) noexcept { TracyCMessageL("wake"); },
    .zone_begin = [](const char* name) noexcept { begin(kZone, name); },
    .zone_end = [](const char*) noexcept { end(); },
};

}  // namespace

void send_trace_to_tracy() noexcept { set_trace_hooks(&kHooks); }

}  // namespace nebula

// SPDX-License-Identifier: MIT
// Sends the same events to a Tracy profiler. Needs a build with NEBULA_TRACY and Tracy.
#pragma once

namespace nebula {

/// From now on Tracy receives tasks, parks and zones. Not together with a TraceWriter, because
/// only one table of hooks can be installed.
///
/// Threads:   before the pools are made.
void send_trace_to_tracy() noexcept;

}  // namespace nebula

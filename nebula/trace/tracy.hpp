// SPDX-License-Identifier: MIT
// The same events, sent to a Tracy profiler. Only in builds with NEBULA_TRACY and Tracy at hand.
#pragma once

namespace nebula {

/// From now on Tracy hears of tasks, parks and zones. Not together with a TraceWriter: the table of
/// hooks has one place.
///
/// Threads:   before the pools are made.
void send_trace_to_tracy() noexcept;

}  // namespace nebula

// SPDX-License-Identifier: MIT
// Records what a pool does, and writes it for Perfetto or chrome://tracing. README.md first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>

namespace nebula {

struct TraceOptions {
    /// A thread that has recorded so many is not listened to any more: 24 bytes each.
    std::size_t max_events_per_thread = std::size_t{1} << 22U;
};

/// Records tasks, parks, steals, wakes and zones of all threads while it lives.
///
///     TraceWriter trace;                       // before the pools, so that nothing is missed
///     WorkerPool pool;
///     play(pool);
///     trace.write("out/trace.json");           // open it at ui.perfetto.dev
///
/// Threads:   constructor and destructor: never two writers at once. write: any thread, also while
///            others record; it writes what has been recorded by then.
/// Cost:      about two clock readings per task, no lock; one allocation for every 4096 events of
///            a thread. The memory serves the next writer and is kept until the process ends.
/// Lifetime:  of the names of tasks and zones, until the last write(): literals.
class TraceWriter {
public:
    explicit TraceWriter(TraceOptions options = {}) noexcept;
    ~TraceWriter();
    TraceWriter(const TraceWriter&) = delete;
    TraceWriter& operator=(const TraceWriter&) = delete;

    /// Makes the folder if it is missing. What is still open ends with the trace.
    /// \throws std::system_error that names the file, if it cannot be written.
    void write(const std::filesystem::path& file) const;
    void write(std::ostream& out) const;

    /// Events that were not recorded: the limit was reached, or there was no memory.
    [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
    std::uint64_t generation_;
};

}  // namespace nebula

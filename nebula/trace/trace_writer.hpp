// SPDX-License-Identifier: MIT
// Records what a pool does, and writes it for Perfetto or chrome://tracing. README.md first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>

namespace nebula {

struct TraceOptions {
    /// The limit per thread; further events are dropped. An event takes 24 bytes.
    std::size_t max_events_per_thread = std::size_t{1} << 22U;
    /// 0 keeps everything. Otherwise a thread overwrites its events that are older than this, and
    /// write() writes the last stretch of this length: a game can record all the time. A thread that
    /// reaches its limit sooner overwrites younger ones instead of dropping new ones.
    std::chrono::nanoseconds keep{0};
};

/// Records tasks, parks, steals, wakes and zones of all threads while it exists.
///
///     TraceWriter trace;                       // before the pools, so that nothing is missed
///     WorkerPool pool;
///     play(pool);
///     trace.write("out/trace.json");           // open it at ui.perfetto.dev
///
/// Threads:   only one writer may exist at a time. write: any thread, also while others record; it
///            writes what has been recorded by then.
/// Cost:      about two clock readings per task, and no thread waits; one allocation for every 4096
///            events of a thread, and with `keep` soon none. The next writer reuses the memory,
///            which is kept until the process ends.
/// Lifetime:  names of tasks and zones must stay valid until the last write(): use literals.
class TraceWriter {
public:
    explicit TraceWriter(TraceOptions options = {}) noexcept;
    ~TraceWriter();
    TraceWriter(const TraceWriter&) = delete;
    TraceWriter& operator=(const TraceWriter&) = delete;

    /// Creates the folder if it is missing. Events that are still open end with the trace.
    /// \throws std::system_error that names the file, if it cannot be written.
    void write(const std::filesystem::path& file) const;
    void write(std::ostream& out) const;

    /// Events that were not recorded: the limit was reached, or there was no memory.
    [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
    std::uint64_t generation_;
    std::chrono::nanoseconds keep_;
};

}  // namespace nebula

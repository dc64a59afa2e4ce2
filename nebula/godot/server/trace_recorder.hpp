// SPDX-License-Identifier: MIT
// The last ten seconds of all threads, for a timeline. What scripts see of it is in nebula_server.hpp.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/trace/trace_writer.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace nebula::godot {

/// Keeps what a TraceWriter records, from start() to stop(). A stop() during a save takes effect after
/// it.
///
/// Threads:   any thread.
/// Cost:      as TraceWriter: about 0.1 us for each job and each zone while it records, at most 12 MB
///            for each thread.
class TraceRecorder {
public:
    static constexpr std::chrono::seconds kKept{10};

    void start() noexcept;
    void stop() noexcept;
    [[nodiscard]] bool is_recording() const noexcept;

private:
    friend class TraceSave;

    mutable Mutex mutex_;
    std::optional<TraceWriter> writer_;
    bool wanted_ = false;
    int saves_ = 0;  // that exist
};

/// While it exists, what was recorded is kept, also after a stop(). So a trace can be asked for now and
/// written on another thread.
///
/// Threads:   any thread.
class TraceSave {
public:
    /// \throws std::logic_error if nothing is recorded.
    explicit TraceSave(std::shared_ptr<TraceRecorder> recorder);
    ~TraceSave();
    TraceSave(const TraceSave&) = delete;
    TraceSave& operator=(const TraceSave&) = delete;

    /// Writes what was recorded in the last ten seconds. Empty, or a sentence that says what was wrong.
    ///
    /// Cost:      of a busy game about half a second: not for the main thread.
    [[nodiscard]] std::string write(const std::string& file) const noexcept;

private:
    std::shared_ptr<TraceRecorder> recorder_;
};

}  // namespace nebula::godot

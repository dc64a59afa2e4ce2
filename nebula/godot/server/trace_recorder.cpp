// SPDX-License-Identifier: MIT
#include "nebula/godot/server/trace_recorder.hpp"

#include <cstddef>
#include <exception>
#include <filesystem>

namespace nebula::godot {
namespace {

constexpr std::size_t kMostEvents = std::size_t{1} << 19U;  // for each thread, 24 bytes each

}  // namespace

void TraceRecorder::start() noexcept {
    const MutexLock lock(mutex_);
    wanted_ = true;
    if (!writer_)
        writer_.emplace(TraceOptions{.max_events_per_thread = kMostEvents, .keep = kKept});
}

void TraceRecorder::stop() noexcept {
    const MutexLock lock(mutex_);
    wanted_ = false;
    if (saves_ == 0) writer_.reset();
}

bool TraceRecorder::is_recording() const noexcept {
    const MutexLock lock(mutex_);
    return wanted_;
}

std::string TraceRecorder::save(const std::string& file) noexcept {
    {
        const MutexLock lock(mutex_);
        if (!wanted_) return "nothing is recorded; call Nebula.start_tracing() before";
        ++saves_;
    }
    std::string problem;
    try {
        writer_->write(std::filesystem::path(file));
    } catch (const std::exception& error) {
        problem = error.what();
    }
    const MutexLock lock(mutex_);
    if (--saves_ == 0 && !wanted_) writer_.reset();
    return problem;
}

}  // namespace nebula::godot

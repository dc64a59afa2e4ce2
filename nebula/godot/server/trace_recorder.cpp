// SPDX-License-Identifier: MIT
#include "nebula/godot/server/trace_recorder.hpp"

#include "nebula/base/utf8_path.hpp"

#include <cstddef>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <utility>

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

TraceSave::TraceSave(std::shared_ptr<TraceRecorder> recorder) : recorder_(std::move(recorder)) {
    const MutexLock lock(recorder_->mutex_);
    if (!recorder_->wanted_)
        throw std::logic_error("nothing is recorded; call Nebula.start_tracing() before");
    ++recorder_->saves_;
}

TraceSave::~TraceSave() {
    const MutexLock lock(recorder_->mutex_);
    if (--recorder_->saves_ == 0 && !recorder_->wanted_) recorder_->writer_.reset();
}

std::string TraceSave::write(const std::string& file) const noexcept {
    try {
        recorder_->writer_->write(path_of(file));
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

}  // namespace nebula::godot

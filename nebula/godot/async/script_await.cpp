// SPDX-License-Identifier: MIT
#include "nebula/godot/async/script_await.hpp"

#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

// A StringName is a pointer to a record with a 32-bit count near its beginning.
std::uint32_t word_at(const StringName& name, std::size_t offset) {
    const std::byte* record = nullptr;
    std::memcpy(&record, name.data(), sizeof record);
    // Other threads may copy the name meanwhile. Relaxed: only the number itself matters.
    return __atomic_load_n(reinterpret_cast<const std::uint32_t*>(record + offset),
                           __ATOMIC_RELAXED);
}

bool counts_at(std::size_t offset) {
    const StringName name("nebula: where the engine counts the holders of a name");
    const std::uint32_t before = word_at(name, offset);
    bool right = before == 1;
    {
        const std::vector<StringName> copies(5, name);
        right = right && word_at(name, offset) == before + 5;
    }
    return right && word_at(name, offset) == before;
}

// The count is not part of the engine's interface, so its place is found by trial.
std::optional<std::size_t> find_count() {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{4}, std::size_t{8}})
        if (counts_at(offset)) return offset;
    return std::nullopt;
}

// How many ended tasks are kept if counts are unknown: then nobody knows when a signal is dropped.
constexpr std::size_t kKeptWithoutCounts = 1024;

class LaterAwaits;
std::deque<LaterAwaits*> kept_without_counts;

class LaterAwaits final : public FramePoll {
public:
    explicit LaterAwaits(Ref<NebulaTask> task) : task_(std::move(task)) {
        EngineLoop::get().poll_each_frame(*this);
        if (task_->is_signal_held()) return;
        kept_without_counts.push_back(this);
        if (kept_without_counts.size() <= kKeptWithoutCounts) return;
        LaterAwaits* const oldest = kept_without_counts.front();
        kept_without_counts.pop_front();
        delete oldest;
    }

    void poll() override {
        if (task_->answer_later_awaits()) return;
        if (task_->is_signal_held() == false) delete this;
    }
    void loop_closes() noexcept override {
        (void)task_->answer_later_awaits();
        if (!task_->is_signal_held()) std::erase(kept_without_counts, this);
        delete this;
    }

private:
    Ref<NebulaTask> task_;
};

}  // namespace

std::optional<std::uint32_t> holders_of(const StringName& name) {
    static const std::optional<std::size_t> kOffset = find_count();
    if (!kOffset) return std::nullopt;
    return word_at(name, *kOffset);
}

void serve_later_awaits(Ref<NebulaTask> task) {
    if (EngineLoop::get_if_running() == nullptr) return;
    if (task->is_signal_held() == false) return;
    new LaterAwaits(std::move(task));  // it deletes itself
}

}  // namespace nebula::godot

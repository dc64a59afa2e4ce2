// SPDX-License-Identifier: MIT
#include "nebula/godot/async/load.hpp"

#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/resource_loader.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::godot::detail {
namespace {

bool in_progress(const std::string& path, const Array& progress = {}) {
    return ResourceLoader::singleton().load_threaded_get_status(path, progress) ==
           ResourceLoader::THREAD_LOAD_IN_PROGRESS;
}

// The engine (4.6.3) says "loaded" before the loading thread has left the request, and leaks a
// request that is taken in between. So a result is taken a moment and at least a frame later.
constexpr auto kMoment = std::chrono::milliseconds(1);
bool may_take(std::optional<Clock::time_point>& settled_at) {
    const Clock::time_point now = Clock::now();
    if (settled_at) return now - *settled_at >= kMoment;
    settled_at = now;
    return false;
}

/// Takes the results that were requested and are no longer wanted. Exists only while there are any.
class AbandonedLoads final : public FramePoll {
public:
    void add(std::string path) { loads_.push_back({std::move(path), {}}); }

    void poll() override;
    /// Waits for all of them, as the engine would wait for their threads.
    void loop_closes() noexcept override;

private:
    struct Load {
        std::string path;
        std::optional<Clock::time_point> settled_at;
    };
    std::vector<Load> loads_;
};

std::unique_ptr<AbandonedLoads> abandoned;

void AbandonedLoads::poll() {
    for (std::size_t i = 0; i < loads_.size();) {
        if (in_progress(loads_[i].path) || !may_take(loads_[i].settled_at)) {
            ++i;
            continue;
        }
        // Remove it first: a loaded resource may run scripts, which may abandon another load.
        const std::string path = std::move(loads_[i].path);
        loads_.erase(loads_.begin() + static_cast<std::ptrdiff_t>(i));
        (void)ResourceLoader::singleton().load_threaded_get(path);
    }
    if (loads_.empty()) abandoned.reset();
}

void AbandonedLoads::loop_closes() noexcept {
    try {
        // Taking a resource may run scripts, which may abandon another load.
        while (!loads_.empty()) {
            const std::string path = std::move(loads_.back().path);
            loads_.pop_back();
            while (in_progress(path)) std::this_thread::sleep_for(kMoment);
            std::this_thread::sleep_for(kMoment);
            (void)ResourceLoader::singleton().load_threaded_get(path);
        }
    } catch (...) {
        report_current_exception("Nebula.load");
    }
    abandoned.reset();
}

}  // namespace

Loading::Loading(std::string path, const char* class_name, LoadProgress progress)
    : path_(std::move(path)), progress_(std::move(progress)) {
    const EngineLoop* const loop = EngineLoop::get_if_running();
    if (!is_main_thread()) {
        error_ = AsyncErrorCode::WrongThread;
    } else if (loop == nullptr || loop->closing()) {
        error_ = AsyncErrorCode::RuntimeClosed;
    } else if (!ResourceLoader::singleton().exists(path_, class_name)) {
        fail("there is no " + std::string(class_name) + " " + path_);
    } else if (ResourceLoader::singleton().load_threaded_request(path_, class_name) != Error::OK) {
        fail(path_);
    } else {
        requested_ = true;
    }
}

void Loading::abandon() noexcept {
    unlink();
    EngineLoop* const loop = EngineLoop::get_if_running();
    if (!std::exchange(requested_, false) || loop == nullptr) return;
    try {
        if (!abandoned) {
            abandoned = std::make_unique<AbandonedLoads>();
            loop->poll_each_frame(*abandoned);
        }
        abandoned->add(path_);
    } catch (...) {
        report_current_exception("Nebula.load");
    }
}

bool Loading::ended() {
    if (requested_) look();
    return !requested_;
}

void Loading::keep(Waker waker) {
    waker_ = std::move(waker);
    EngineLoop::get().poll_each_frame(*this);
}

void Loading::stop_waiting() noexcept {
    unlink();
    waker_ = {};
}

void Loading::poll() {
    if (!requested_) return;
    const std::shared_ptr<Loading> keep = shared_from_this();
    look();
    if (!requested_) waker_.wake();
}

void Loading::look() {
    const std::shared_ptr<Loading> keep = shared_from_this();
    Array progress;
    const bool busy = in_progress(path_, progress);
    const double now = busy && progress.size() > 0 ? progress[0].to<double>() : 1.0;
    if (progress_ && now > told_) {
        told_ = now;
        try {
            progress_(now);
        } catch (...) {
            report_current_exception("the progress of loading " + path_);
        }
    }
    // The progress function may have abandoned it.
    if (!requested_ || busy || !may_take(settled_at_)) return;
    // A failed request must be taken, too, or the engine keeps it.
    requested_ = false;
    loaded_ = ResourceLoader::singleton().load_threaded_get(path_);
    if (!loaded_) fail(path_);
}

void Loading::fail(std::string why) {
    error_ = AsyncErrorCode::LoadFailed;
    why_ = std::move(why);
}

Ref<Resource> Loading::take() {
    if (error_) throw_async_error(*error_, why_);
    return std::exchange(loaded_, {});
}

}  // namespace nebula::godot::detail

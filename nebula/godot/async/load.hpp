// SPDX-License-Identifier: MIT
// Loads a resource without holding up the frame.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nebula::godot {

/// Called when the progress of a load, 0 to 1, has changed. Main thread.
using LoadProgress = SmallFunction<void(double)>;

namespace detail {

/// One load, from the request until its result is taken. The engine's loader keeps every request
/// until its result is taken, so an abandoned load is taken in the background.
///
/// Lifetime:  counted, because look() calls code that may end the wait: the progress function and
///            scripts of the loaded resource.
class Loading : public std::enable_shared_from_this<Loading>, private FramePoll {
public:
    Loading(std::string path, const char* class_name, LoadProgress progress);

    /// Called when the wait ends.
    void abandon() noexcept;
    [[nodiscard]] bool ended();
    void keep(Waker waker);
    void stop_waiting() noexcept;
    /// \throws LoadFailed
    Ref<Resource> take();

private:
    void poll() override;
    void look();
    void fail(std::string why);

    std::string path_;
    LoadProgress progress_;
    double told_ = -1.0;
    bool requested_ = false;  // requested, and neither taken nor abandoned yet
    std::optional<Clock::time_point> settled_at_;
    Ref<Resource> loaded_;
    std::optional<AsyncErrorCode> error_;
    std::string why_;
    Waker waker_;
};

}  // namespace detail

/// Made by load().
template <class T>
class [[nodiscard]] LoadWait : public Wait {
public:
    LoadWait(std::string path, LoadProgress progress)
        : Wait("load"),
          path_(path),
          loading_(std::make_shared<detail::Loading>(std::move(path), T::kClassName,
                                                     std::move(progress))) {}
    LoadWait(LoadWait&& other) noexcept
        : Wait("load"), path_(std::move(other.path_)), loading_(std::move(other.loading_)) {}
    LoadWait& operator=(LoadWait&&) = delete;
    ~LoadWait() {
        if (loading_ != nullptr) loading_->abandon();
    }

    bool await_ready() { return loading_->ended(); }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        loading_->keep(suspend(h));
    }
    void stop_waiting() noexcept { loading_->stop_waiting(); }
    Ref<T> await_resume() {
        const Ref<Resource> loaded = loading_->take();
        if (!detail::ObjectTraits<T>::is_a(loaded.ptr()))
            throw LoadFailed(path_ + " is not of type " + T::kClassName);
        return Ref<T>(loaded.ptr());
    }

private:
    std::string path_;
    std::shared_ptr<detail::Loading> loading_;
};

/// Loads a resource on the engine's own threads and waits for it:
///
///     Ref<PackedScene> level = co_await load<PackedScene>("res://level.tscn",
///                                                         [bar](double x) { bar.set_value(x); });
///
/// Loading begins at once, not at the co_await, and is checked once a frame. If the wait is
/// dropped, loading continues in the background.
///
/// Threads:   main thread.
/// Cost:      one query to the loader per frame.
/// Throws:    at the co_await: LoadFailed if the resource does not exist, is broken, or is not a T;
///            WrongThread; RuntimeClosed.
template <class T = Resource>
LoadWait<T> load(std::string path, LoadProgress progress = {}) {
    return LoadWait<T>(std::move(path), std::move(progress));
}

}  // namespace nebula::godot

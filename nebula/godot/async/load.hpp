// SPDX-License-Identifier: MIT
// Loading a resource without holding up the frame.
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

/// Told how far a load is, 0 to 1, when that has changed. Main thread.
using LoadProgress = SmallFunction<void(double)>;

namespace detail {

/// One load, from the request to taking what came of it. Every request of the engine's loader must
/// be taken, or the engine keeps it: a load nobody waits for any more is taken in the background.
///
/// Lifetime:  counted. While it looks it calls what may end the wait: the progress, and scripts of
///            what is loaded.
class Loading : public std::enable_shared_from_this<Loading>, private FramePoll {
public:
    Loading(std::string path, const char* class_name, LoadProgress progress);

    /// From the wait's end.
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
    bool requested_ = false;  // and neither taken nor abandoned yet
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
            throw LoadFailed(path_ + " is no " + T::kClassName);
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
/// Loading begins at once, not at the co_await, and is looked at once a frame. One that is dropped
/// goes on in the background.
///
/// Threads:   main thread.
/// Cost:      one question to the loader a frame.
/// Throws:    at the co_await: LoadFailed, there is no such resource, it is broken, or it is no T;
///            WrongThread; RuntimeClosed.
template <class T = Resource>
LoadWait<T> load(std::string path, LoadProgress progress = {}) {
    return LoadWait<T>(std::move(path), std::move(progress));
}

}  // namespace nebula::godot

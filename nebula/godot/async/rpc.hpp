// SPDX-License-Identifier: MIT
// Calls to another peer that return an answer. README.md in this folder: "Calls to another peer".
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/godot/api/node.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"
#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::godot {

namespace detail {

/// One pending request. It belongs to the awaiter and, until it has ended, to the node.
class RpcRequest {
public:
    RpcRequest(std::int64_t to, double timeout_seconds);

    const std::int64_t peer;
    const Clock::time_point deadline;
    std::int64_t id = 0;  // unique within the node
    Waker waker;
    bool ended = false;
    std::optional<AsyncErrorCode> error;
    Variant value;  // the answer, or a text that says what went wrong
};

}  // namespace detail

/// Requests and answers between the NebulaRpc nodes of two peers. Put one node into the scene of
/// each peer, at the same path. The serving peer says what may be requested:
///
///     rpc.serve("price", func(sender: int, item: String) -> int: return prices[item])
///     var price = await rpc.request(1, "price", ["lamp"])     # 3, or a NebulaTaskError
///
/// The function gets the id of the requesting peer as its first argument, may be a coroutine, and
/// its result is the answer. An answer is accepted only from the peer that was asked.
///
/// Threads:   main thread.
/// Lifetime:  when the node leaves the tree or dies, its pending requests end. When a peer
///            disconnects, the functions that serve it are cancelled. At most 256 requests of one
///            peer are served at a time.
class NebulaRpc : public Extension<Node>, private FramePoll {
public:
    static constexpr const char* kClassName = "NebulaRpc";
    using Extension::Extension;
    ~NebulaRpc() override;
    static void bind(ClassBuilder<NebulaRpc>& c);

    void serve(const String& method, Callable with);
    /// rpc_call() for scripts.
    task<Variant> request(std::int64_t peer, String method, Array arguments, double timeout);

    /// Sends the request. If that fails, the request ends at once.
    void send(const std::shared_ptr<detail::RpcRequest>& request, const String& method,
              const Array& arguments);
    void forget(const detail::RpcRequest& request) noexcept { pending_.erase(request.id); }

private:
    void on_notification(int what);
    void poll() override;

    [[nodiscard]] Object multiplayer() const;   ///< Null outside the tree.
    [[nodiscard]] std::int64_t sender() const;  ///< Of the call that is being answered.
    void end_all();

    void take_request(std::int64_t id, const String& method, const Array& arguments);
    void take_answer(std::int64_t id, std::int64_t kind, Variant value);
    task<> answer(std::int64_t to, std::int64_t id, Variant with, std::vector<Variant> arguments);
    void reply(std::int64_t to, std::int64_t id, std::int64_t kind, const Variant& value);
    void end(detail::RpcRequest& request, std::optional<AsyncErrorCode> error, Variant value);

    struct Answer {
        std::int64_t to;
        TaskHandle<> task;
    };

    bool in_tree_ = false;
    std::map<std::string, Callable> served_;
    std::vector<Answer> answers_;  // still being computed
    std::map<std::int64_t, std::shared_ptr<detail::RpcRequest>> pending_;
    std::int64_t next_id_ = 1;
};

/// Made by rpc_call().
template <class T>
class [[nodiscard]] RpcCall : public Wait {
public:
    RpcCall(NebulaRpc& node, std::int64_t peer, const String& method, const Array& arguments,
            double timeout_seconds)
        : Wait("rpc"),
          node_(node.id()),
          method_(method.utf8()),
          request_(std::make_shared<detail::RpcRequest>(peer, timeout_seconds)) {
        node.send(request_, method, arguments);
    }
    RpcCall(RpcCall&& other) noexcept
        : Wait("rpc"),
          node_(other.node_),
          method_(std::move(other.method_)),
          request_(std::move(other.request_)) {}
    RpcCall& operator=(RpcCall&&) = delete;
    ~RpcCall() {
        if (request_ == nullptr || request_->ended) return;
        if (NebulaRpc* const node = instance_of<NebulaRpc>(node_.object()); node != nullptr)
            node->forget(*request_);
    }

    bool await_ready() const noexcept { return request_->ended; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        request_->waker = suspend(h);
    }
    void stop_waiting() noexcept { request_->waker = {}; }
    T await_resume() {
        if (request_->error)
            throw_async_error(*request_->error,
                              name() + " to peer " + std::to_string(request_->peer) + words());
        if constexpr (!std::is_void_v<T>) {
            if (auto value = request_->value.template try_to<T>()) return *std::move(value);
            throw CallFailed(name() + " gave another type: " + type_name(request_->value.type()));
        }
    }

private:
    // The method's name may come from a peer and be of any length.
    [[nodiscard]] std::string name() const {
        constexpr std::size_t shown = 64;
        const std::size_t bytes = task_detail::fitting_bytes(method_, shown);
        return "request '" + method_.substr(0, bytes) + (bytes < method_.size() ? "…'" : "'");
    }
    [[nodiscard]] std::string words() const {
        return request_->value.is_nil() ? std::string() : ": " + request_->value.str();
    }

    ObjectId node_;
    std::string method_;
    std::shared_ptr<detail::RpcRequest> request_;
};

/// Asks another peer and waits for the answer:
///
///     const int price = co_await rpc_call<int>(*rpc, 1, "price", {"lamp"}, 2.0);
///
/// It is sent at once, not at the co_await. The timeout is in real time; INFINITY means no limit.
///
/// Throws:    at the co_await: TimedOut; Disconnected if the peer is not connected or disconnects,
///            or if the node leaves the tree; UnknownMethod if the peer does not serve that name;
///            CallFailed if the function failed there, or if the answer is not a T.
template <class T = Variant>
RpcCall<T> rpc_call(NebulaRpc& node, std::int64_t peer, const String& method,
                    const Array& arguments = {}, double timeout_seconds = 5.0) {
    return RpcCall<T>(node, peer, method, arguments, timeout_seconds);
}

}  // namespace nebula::godot

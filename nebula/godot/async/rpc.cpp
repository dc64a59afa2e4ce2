// SPDX-License-Identifier: MIT
#include "nebula/godot/async/rpc.hpp"

#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/async/call_async.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/other_tasks.hpp"
#include "nebula/godot/async/spawn_on.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

namespace nebula::godot {
namespace {

// The kinds of answers.
constexpr std::int64_t kValue = 0;
constexpr std::int64_t kNotServed = 1;
constexpr std::int64_t kFailed = 2;

// Constants of MultiplayerAPI and MultiplayerPeer, classes that nothing else here needs.
constexpr std::int64_t kAnyPeer = 1;
constexpr std::int64_t kReliable = 2;
constexpr std::int64_t kConnected = 2;

// How many requests of one peer are answered at a time: each of them costs memory here.
constexpr std::ptrdiff_t kAnswersPerPeer = 256;

constexpr const char* kTakeRequest = "_take_request";
constexpr const char* kTakeAnswer = "_take_answer";

/// The peers that can be reached through a node's multiplayer API at the moment; none without one.
class Peers {
public:
    explicit Peers(const Object& multiplayer) {
        if (!multiplayer || !multiplayer.call("has_multiplayer_peer").to<bool>()) return;
        // A closed peer is not asked any further: the engine would print an error.
        Variant transport = multiplayer.call("get_multiplayer_peer");
        if (transport.call("get_connection_status").to<std::int64_t>() != kConnected) return;
        self_ = multiplayer.call("get_unique_id").to<std::int64_t>();
        others_ = multiplayer.call("get_peers").to<PackedInt32Array>();
    }
    [[nodiscard]] bool has(std::int64_t peer) const {
        if (!self_) return false;
        return peer == *self_ || std::ranges::count(others_.view(), peer) != 0;
    }

private:
    std::optional<std::int64_t> self_;  // while connected
    PackedInt32Array others_;
};

// Without a limit, a time that never comes. NaN counts as no time at all, as in sleep_for().
Clock::time_point deadline_after(double seconds) {
    constexpr double counted_seconds = 1e9;  // from here on no limit; fits the clock's counter
    if (seconds >= counted_seconds) return Clock::time_point::max();
    if (!(seconds > 0.0)) return Clock::now();
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

detail::RpcRequest::RpcRequest(std::int64_t to, double timeout_seconds)
    : peer(to), deadline(deadline_after(timeout_seconds)) {}

void NebulaRpc::bind(ClassBuilder<NebulaRpc>& c) {
    c.doc("Remote calls that return a value.",
          "Add one at the same path to the scene of each peer. [code]await rpc.request(peer, "
          "\"price\", [item])[/code] returns the result of the function that the other peer passed "
          "to [method serve], or a [NebulaTaskError].");
    c.method("serve", &NebulaRpc::serve, {"method", "with"})
        .doc(
            "Answers requests with this name by calling [param with]. The Callable gets the id of "
            "the requesting peer, followed by the arguments of the request, and may await. Pass a "
            "null Callable to stop answering.");
    c.method("request", &NebulaRpc::request, {"peer", "method", "arguments", "timeout"})
        .defaults(Array(), 5.0)
        .doc(
            "Sends a request to a peer; await what this returns. The timeout is in seconds of real "
            "time.");
    c.method(kTakeRequest, &NebulaRpc::take_request, {"id", "method", "arguments"});
    c.method(kTakeAnswer, &NebulaRpc::take_answer, {"id", "kind", "value"});
    c.notification<&NebulaRpc::on_notification>();
}

void NebulaRpc::serve(const String& method, Callable with) {
    if (with.is_null()) {
        served_.erase(method.utf8());
    } else {
        served_[method.utf8()] = std::move(with);
    }
}

task<Variant> NebulaRpc::request(std::int64_t peer, String method, Array arguments,
                                 double timeout) {
    co_return co_await rpc_call(*this, peer, method, arguments, timeout);
}

NebulaRpc::~NebulaRpc() { end_all(); }

void NebulaRpc::on_notification(int what) {
    if (what == NOTIFICATION_ENTER_TREE) {
        in_tree_ = true;
        for (const char* const method : {kTakeRequest, kTakeAnswer}) {
            rpc_config(method, Dictionary{{"rpc_mode", kAnyPeer},
                                          {"transfer_mode", kReliable},
                                          {"call_local", true},
                                          {"channel", 0}});
        }
    } else if (what == NOTIFICATION_EXIT_TREE) {
        in_tree_ = false;
        end_all();
    }
}

// Another thread may free a node outside the tree at any time.
std::int64_t NebulaRpc::sender() const {
    const Object all = multiplayer();
    if (!all) throw std::logic_error("only peers may call it, while the node is in the scene tree");
    return all.call("get_remote_sender_id").to<std::int64_t>();
}

Object NebulaRpc::multiplayer() const {
    // Called by name, so the binding needs no class for it.
    return in_tree_ ? Object(get_multiplayer().ptr()) : Object();
}

void NebulaRpc::end_all() {
    while (!pending_.empty())
        end(*pending_.begin()->second, AsyncErrorCode::Disconnected, "the node left the tree");
}

void NebulaRpc::send(const std::shared_ptr<detail::RpcRequest>& request, const String& method,
                     const Array& arguments) {
    request->id = next_id_++;
    if (!Peers(multiplayer()).has(request->peer))
        return end(*request, AsyncErrorCode::Disconnected, {});
    if (!linked()) EngineLoop::get().poll_each_frame(*this);
    pending_[request->id] = request;
    try {
        // A request to ourselves is called, and may be answered, inside this call.
        const Error sent = rpc_id(request->peer, kTakeRequest, {request->id, method, arguments});
        if (sent != Error::OK && !request->ended) end(*request, AsyncErrorCode::Disconnected, {});
    } catch (...) {
        forget(*request);
        throw;
    }
}

void NebulaRpc::end(detail::RpcRequest& request, std::optional<AsyncErrorCode> error,
                    Variant value) {
    forget(request);
    request.ended = true;
    request.error = error;
    request.value = std::move(value);
    request.waker.wake();
}

void NebulaRpc::poll() {
    std::erase_if(answers_, [](const Answer& answer) { return !answer.task.is_pending(); });
    if (pending_.empty() && answers_.empty()) return unlink();
    const Clock::time_point now = Clock::now();
    const Peers peers(multiplayer());
    for (const Answer& answer : answers_)
        if (!peers.has(answer.to)) answer.task.request_cancel();
    for (auto next = pending_.begin(); next != pending_.end();) {
        const std::shared_ptr<detail::RpcRequest> request = (next++)->second;  // end() erases it
        if (now >= request->deadline) {
            end(*request, AsyncErrorCode::TimedOut, {});
        } else if (!peers.has(request->peer)) {
            end(*request, AsyncErrorCode::Disconnected, {});
        }
    }
}

void NebulaRpc::take_request(std::int64_t id, const String& method, const Array& arguments) {
    // The engine knows the sender only now; the serving function may wait.
    const std::int64_t from = sender();
    const auto found = served_.find(method.utf8());
    if (found == served_.end()) return reply(from, id, kNotServed, {});
    if (std::ranges::count(answers_, from, &Answer::to) >= kAnswersPerPeer)
        return reply(from, id, kFailed, "too many requests at once");
    std::vector<Variant> all{Variant(from)};
    for (std::size_t i = 0; i < arguments.size(); ++i) all.push_back(arguments[i]);
    TaskHandle<> task = spawn_on(*this, answer(from, id, Variant(found->second), std::move(all)),
                                 {.name = "rpc answer"});
    if (!task.is_pending()) return;
    if (!linked()) EngineLoop::get().poll_each_frame(*this);
    answers_.push_back({from, std::move(task)});
}

task<> NebulaRpc::answer(std::int64_t to, std::int64_t id, Variant with,
                         std::vector<Variant> arguments) {
    std::string failure;
    try {
        // Not callv(): it reports no error if the Callable takes other arguments or is gone.
        auto wait = await_variant(with.call("call", arguments));
        const Variant value = co_await wait;
        const auto failed = failure_in(value);
        if (!failed) co_return reply(to, id, kValue, value);
        failure = failed->what();
    } catch (const std::exception& error) {
        failure = error.what();
    }
    reply(to, id, kFailed, failure);
}

void NebulaRpc::reply(std::int64_t to, std::int64_t id, std::int64_t kind, const Variant& value) {
    // The requesting peer may have gone meanwhile; the engine would print an error.
    if (Peers(multiplayer()).has(to)) (void)rpc_id(to, kTakeAnswer, {id, kind, value});
}

void NebulaRpc::take_answer(std::int64_t id, std::int64_t kind, Variant value) {
    const std::int64_t from = sender();
    const auto found = pending_.find(id);
    // The answer came too late, or from a peer that was not asked.
    if (found == pending_.end() || found->second->peer != from) return;
    switch (kind) {
        case kValue:
            return end(*found->second, std::nullopt, std::move(value));
        case kNotServed:
            return end(*found->second, AsyncErrorCode::UnknownMethod, {});
        default:
            return end(*found->second, AsyncErrorCode::CallFailed, std::move(value));
    }
}

}  // namespace nebula::godot

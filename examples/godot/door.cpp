// SPDX-License-Identifier: MIT
// A door with a guard, in coroutines: the snippets of docs/tasks.md. tests/godot builds and
// registers this file, so the snippets stay true.
#include "examples/godot/door.hpp"
#include "nebula/godot/api/animation_player.hpp"
#include "nebula/godot/api/node.hpp"
#include "nebula/godot/api/packed_scene.hpp"
#include "nebula/godot/api/scene_tree.hpp"
#include "nebula/godot/async/call_async.hpp"
#include "nebula/godot/async/engine_waits.hpp"
#include "nebula/godot/async/load.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/spawn_on.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_stream.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "nebula/task/fallible.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace nebula::godot {
namespace {

std::int64_t ways_through(std::int64_t rooms) { return rooms * (rooms - 1) / 2; }

task<> ring(Object bell) {
    for (;;) {
        bell.call("ring");
        co_await sleep_for(1.0);
    }
}

class Door : public Extension<Node> {
public:
    static constexpr const char* kClassName = "NebulaGuideDoor";
    using Extension::Extension;
    static void bind(ClassBuilder<Door>& c);

    task<> guard();
    task<std::int64_t> ask_price(Object shop, String item);
    task<> change_level(String path);
    task<> let_in(Object player);
    task<std::int64_t> count_ways(std::int64_t rooms);
    task<> ring_both(Object left, Object right);
    void on_notification(int what);
    void open() { ++opened_; }

private:
    int opened_ = 0;
};

task<> Door::guard() {
    for (;;) {
        const int strength = co_await signal<int>(*this, "knocked");
        if (strength < 3) continue;
        co_await sleep_for(0.5);
        open();
    }
}

void Door::on_notification(int what) {
    if (what == NOTIFICATION_READY) spawn_on(*this, guard(), {.name = "guard"});
}

task<std::int64_t> Door::ask_price(Object shop, String item) {
    const int price = co_await call_async<int>(shop, "price_of", item);
    const AnimationPlayer player = cast_to<AnimationPlayer>(get_node("AnimationPlayer"));
    player.play("nod");
    co_await animation_finished(player);
    co_return price;
}

task<> Door::change_level(String path) {
    Ref<PackedScene> level = co_await load<PackedScene>(
        path.utf8(), [this](double done) { emit_signal("loading", {done}); });
    get_tree().change_scene_to_packed(level);
}

task<> Door::let_in(Object player) {
    const auto first = co_await when_any(signal<int>(*this, "knocked"), sleep_for(3.0));
    if (first.index() == 1) co_return;  // nobody came
    const Outcome<int> paid = co_await fallible(timeout(signal<int>(player, "paid"), 10.0));
    if (!paid) co_return;  // too late, or the player is gone
    auto steps = stream<int>(player, "stepped");
    while (const auto step = co_await steps.next())
        if (*step > 3) open();
}

task<std::int64_t> Door::count_ways(std::int64_t rooms) {
    co_await worker(shared_pool());
    const std::int64_t ways = ways_through(rooms);  // on a worker: must not use the engine
    co_await main_thread();
    co_return ways + opened_;
}

task<> Door::ring_both(Object left, Object right) {
    TaskScope bells(co_await this_runtime());
    bells.spawn(ring(left), {.name = "left"});
    bells.spawn(ring(right), {.name = "right"});
    const auto [a, b] = co_await when_all(signal<int>(left, "heard"), signal<int>(right, "heard"));
    if (a + b > 1) open();
}  // the bells stop here

void Door::bind(ClassBuilder<Door>& c) {
    c.signal("knocked", {argument<std::int64_t>("strength")});
    c.signal("loading", {argument<double>("done")});
    c.method("ask_price", &Door::ask_price, {"shop", "item"});
    c.method("let_in", &Door::let_in, {"player"});
    c.method("count_ways", &Door::count_ways, {"rooms"});
    c.method("ring_both", &Door::ring_both, {"left", "right"});
    c.method("change_level", &Door::change_level, {"path"});
    c.notification<&Door::on_notification>();
}

}  // namespace

void register_door() { register_class<Door>(); }

}  // namespace nebula::godot

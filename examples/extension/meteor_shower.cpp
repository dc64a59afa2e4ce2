// SPDX-License-Identifier: MIT
#include "meteor_shower.hpp"

#include <nebula/godot/api/omni_light_3d.hpp>
#include <nebula/godot/async/call_async.hpp>
#include <nebula/godot/async/spawn_on.hpp>
#include <nebula/godot/runtime/shared_pool.hpp>
#include <nebula/godot/runtime/signal_wait.hpp>
#include <nebula/task/next_frame.hpp>
#include <nebula/task/pool_bridge.hpp>
#include <nebula/threading/worker_pool.hpp>

#include <cmath>
#include <vector>

using namespace nebula::godot;
using nebula::task;

namespace {

constexpr float kCraterRadius = 4.0F;

// Runs on a worker, so it must not use the engine.
std::vector<Vector3> places_of(std::int64_t count) {
    std::vector<Vector3> places;
    for (std::int64_t i = 0; i < count; ++i) {
        const float angle = 2.4F * static_cast<float>(i);
        const float distance = 6.0F * std::sqrt(static_cast<float>(i));
        places.push_back({distance * std::cos(angle), 100.0F, distance * std::sin(angle)});
    }
    return places;
}

}  // namespace

// A coroutine belongs to its node: when the node is freed, it ends at its next co_await.
task<std::int64_t> MeteorShower::fall(Node3D terrain, std::int64_t count) {
    // It may be freed at each co_await, and a handle would dangle then: an id knows.
    const ObjectId id = terrain.id();
    // The terrain is the add-on's, from another library, so we call it as a script does.
    if (!co_await call_async<bool>(terrain, "wait_loaded")) co_return 0;
    // A job on our pool; the main thread goes on meanwhile.
    auto job = nebula::godot::shared_pool().run([count] { return places_of(count); });
    const std::vector<Vector3> places = co_await job;

    const OmniLight3D flash = create<OmniLight3D>();  // from our classes.txt
    add_child(flash);
    std::int64_t craters = 0;
    for (const Vector3& above : places) {
        const Object ground(id.object().ptr());
        if (!ground) break;
        const Variant hit = ground.call("raycast", {above, Vector3{0, -1, 0}, 1000.0});
        if (hit.type() == GDEXTENSION_VARIANT_TYPE_NIL) continue;
        const auto at = hit.to<Dictionary>().get("position").to<Vector3>();
        flash.set_global_position(at + Vector3{0, 2, 0});
        flash.set_param(Light3D::PARAM_ENERGY, 8.0);
        if (ground.call("dig_sphere", {at, kCraterRadius}).to<std::int64_t>() == 0) ++craters;
        emit_signal("struck", {at});
        co_await nebula::sleep_for(0.2);
    }
    flash.queue_free();
    co_return craters;
}

task<> MeteorShower::answer_alarms() {
    for (;;) {
        co_await signal(*this, "alarm");
        ++alarms_;
    }
}

void MeteorShower::ready() { spawn_on(*this, answer_alarms(), {.name = "alarms"}); }

void MeteorShower::bind(ClassBuilder<MeteorShower>& c) {
    c.doc("Meteors that dig craters.");
    c.method("fall", &MeteorShower::fall, {"terrain", "count"})
        .doc(
            "Lets so many meteors fall on a [VoxelTerrain], one after the other. Await it: the "
            "result is the number of craters.");
    c.read_only_property("alarms", &MeteorShower::alarms, Hint::read_only(),
                         "How often [signal alarm] was emitted.");
    c.signal("struck", {argument<Vector3>("position")}, "Emitted for each crater.");
    c.signal("alarm", {}, "Emit it as often as you like.");
    c.virtual_method(Node::Virtuals::ready, &MeteorShower::ready);
}

// SPDX-License-Identifier: MIT
#include "door.hpp"

#include "await.hpp"
#include "tasks.hpp"

#include <godot_cpp/core/class_db.hpp>
#include <nebula/task/errors.hpp>
#include <nebula/task/fallible.hpp>
#include <nebula/task/pool_bridge.hpp>
#include <nebula/threading/stop_token.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

using namespace godot;

namespace {

// Runs on a worker, so it uses nothing of Godot. It ends early when nobody wants the answer any more: the
// door is gone, or the game quits and would have to wait.
std::int64_t count_primes(std::int64_t below) {
    std::vector<bool> is_composite(static_cast<std::size_t>(below));
    std::int64_t primes = 0;
    for (std::int64_t i = 2; i < below; ++i) {
        if (is_composite[static_cast<std::size_t>(i)]) continue;
        if (nebula::job_stop_requested()) break;
        ++primes;
        for (std::int64_t j = i * i; j < below; j += i)
            is_composite[static_cast<std::size_t>(j)] = true;
    }
    return primes;
}

// Without exceptions, what can fail is awaited with fallible(), and says so in its result.
nebula::task<> open_when_knocked(Door* door) {
    while (true) {
        const nebula::Outcome<std::int64_t> strength =
            co_await Await::fallible(Await::signal<std::int64_t>(door, "knocked"));
        if (!strength) co_return;

        const std::int64_t below = std::clamp<std::int64_t>(*strength, 0, 1000) *
                                   std::clamp<std::int64_t>(door->get_difficulty(), 0, 10'000);
        auto counting =
            pool().run([below] { return count_primes(below); }, {.name = "count primes"});
        const nebula::Outcome<std::int64_t> primes = co_await nebula::fallible(counting);
        if (!primes) co_return;
        door->emit_signal("opened", *primes);  // on the main thread again
    }
}

nebula::task<> open_when_rung(Door* door, Signal bell) {
    const auto rung = co_await Await::fallible(Await::signal<nebula::adapter::AnyArguments>(bell));
    if (rung) {
        door->emit_signal("opened", 0);
    } else {
        door->emit_signal("bell_lost");
    }
}

}  // namespace

// What the coroutines use goes with the door, so they end here. One that waits for a worker need not
// wait until the worker is done: the function there has only numbers.
Door::~Door() {
    knocks_.cancel();
    bell_.cancel();
}

void Door::watch() {
    knocks_.cancel();
    knocks_ = spawn(open_when_knocked(this), "door: wait for a knock");
}

bool Door::is_watched() const { return knocks_.is_pending(); }

void Door::knock(std::int64_t p_strength) { emit_signal("knocked", p_strength); }

void Door::open_on(const Signal& p_bell) {
    bell_.cancel();
    bell_ = spawn(open_when_rung(this, p_bell), "door: wait for the bell");
}

void Door::set_difficulty(std::int64_t p_difficulty) { difficulty_ = p_difficulty; }
std::int64_t Door::get_difficulty() const { return difficulty_; }

void Door::_bind_methods() {
    ClassDB::bind_method(D_METHOD("watch"), &Door::watch);
    ClassDB::bind_method(D_METHOD("is_watched"), &Door::is_watched);
    ClassDB::bind_method(D_METHOD("knock", "strength"), &Door::knock);
    ClassDB::bind_method(D_METHOD("open_on", "bell"), &Door::open_on);
    ClassDB::bind_method(D_METHOD("set_difficulty", "difficulty"), &Door::set_difficulty);
    ClassDB::bind_method(D_METHOD("get_difficulty"), &Door::get_difficulty);
    ADD_PROPERTY(PropertyInfo(Variant::INT, "difficulty"), "set_difficulty", "get_difficulty");
    ADD_SIGNAL(MethodInfo("knocked", PropertyInfo(Variant::INT, "strength")));
    ADD_SIGNAL(MethodInfo("opened", PropertyInfo(Variant::INT, "primes")));
    ADD_SIGNAL(MethodInfo("bell_lost"));
}

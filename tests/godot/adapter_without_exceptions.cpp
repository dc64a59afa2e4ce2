// SPDX-License-Identifier: MIT
// Goes through the compiler with -fno-exceptions, as most builds of godot-cpp do: every wait gives
// an Outcome then.
#include "nebula/task/await_as.hpp"
#include "nebula/task/cancel_source.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/one_shot.hpp"
#include "nebula/task/phase.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/task/task_options.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/waker.hpp"
#include "nebula/task/when_full.hpp"
#include "nebula/task/worker_channel.hpp"
#include "nebula/task/worker_hop.hpp"
#include "tests/godot/probe/stand_in.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

namespace nebula {
namespace {

using stand_in::Await;

[[maybe_unused]] task<> waits(stand_in::Object* door, stand_in::Signal opened) {
    const Outcome<stand_in::Variant> any = co_await opened;
    const Outcome<std::int64_t> damage = co_await Await::signal<std::int64_t>(door, "hit");
    auto both = co_await Await::signal<stand_in::Node*, stand_in::String>(opened);
    static_assert(
        std::is_same_v<decltype(both), Outcome<std::tuple<stand_in::Node*, stand_in::String>>>);
    const Outcome<void> none = co_await Await::fallible(Await::signal(door, "closed"));
    const Outcome<stand_in::Variant> result = co_await door;
    if (!any || !damage || !none || !result) co_return;
}

static_assert(std::is_same_v<decltype(waits(nullptr, {})), task<>>);

}  // namespace
}  // namespace nebula

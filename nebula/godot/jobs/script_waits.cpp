// SPDX-License-Identifier: MIT
#include "nebula/godot/jobs/script_waits.hpp"

#include "nebula/godot/async/call_async.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/other_tasks.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

using Code = NebulaTaskError::Code;

Code code_of(AsyncErrorCode code) {
    switch (code) {
        case AsyncErrorCode::TaskCancelled:
            return Code::Cancelled;
        case AsyncErrorCode::RuntimeClosed:
            return Code::Closed;
        case AsyncErrorCode::TimedOut:
            return Code::TimedOut;
        default:
            return Code::Failed;
    }
}

/// The value; what fails is a TaskFailed that begins with `which`.
task<Variant> element(Variant what, std::string which) {
    const bool is_object = what.type() == GDEXTENSION_VARIANT_TYPE_OBJECT;
    if (const ObjectId id = what.object_id(); is_object && !id.is_null() && !id.is_alive())
        throw TaskFailed(Code::Failed, which + "it is a freed object");
    Variant got;
    try {
        if (what.type() == GDEXTENSION_VARIANT_TYPE_CALLABLE) {
            got = co_await call_async(what.to<Callable>());
        } else {
            got = co_await await_variant(std::move(what));
        }
    } catch (const AsyncError& error) {
        throw TaskFailed(code_of(error.code()), which + error.what());
    }
    if (const auto failure = failure_in(got))
        throw TaskFailed(failure->code(), which + failure->what());
    co_return got;
}

std::vector<task<Variant>> elements(const Array& what) {
    std::vector<task<Variant>> all;
    all.reserve(what.size());
    for (std::size_t i = 0; i < what.size(); ++i)
        all.push_back(element(what[i], "element " + std::to_string(i) + ": "));
    return all;
}

task<Array> all_of(std::vector<task<Variant>> bodies) {
    const std::vector<Variant> values = co_await when_all(std::move(bodies));
    Array all;
    for (const Variant& value : values) all.append(value);
    co_return all;
}

task<Dictionary> first_of(std::vector<task<Variant>> bodies) {
    FirstOf<Variant> first = co_await when_any(std::move(bodies));
    co_return Dictionary{{"index", first.index}, {"value", first.value}};
}

task<Variant> at_most(task<Variant> body, double seconds) {
    try {
        co_return co_await timeout(std::move(body), seconds);
    } catch (const TimedOut&) {
        char text[64];
        std::snprintf(text, sizeof text, "it took longer than %g s", seconds);
        throw TaskFailed(Code::TimedOut, text);
    }
}

}  // namespace

task<Array> wait_for_all(const Array& what) { return all_of(elements(what)); }

task<Dictionary> wait_for_any(const Array& what) {
    if (what.is_empty())
        throw std::invalid_argument("any of no elements would wait for ever; give it at least one");
    return first_of(elements(what));
}

task<Variant> wait_at_most(Variant what, double seconds) {
    if (!(seconds >= 0.0) || !std::isfinite(seconds))
        throw std::invalid_argument("the time limit must be a number of seconds of 0 or more");
    return at_most(element(std::move(what), ""), seconds);
}

}  // namespace nebula::godot

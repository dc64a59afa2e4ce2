// SPDX-License-Identifier: MIT
#include "nebula/godot/async/other_tasks.hpp"

#include "nebula/godot/api/object.hpp"
#include "nebula/godot/binding/marshal.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace nebula::godot {
namespace {

bool is_named(const ObjectHandle& object, std::string_view ending) {
    return !object.is_null() && Object(object.ptr()).get_class().utf8().ends_with(ending);
}

}  // namespace

bool is_task_of_another(const ObjectHandle& object) {
    if (!is_named(object, "Task") || instance_of<NebulaTask>(object) != nullptr) return false;
    const Object task(object.ptr());
    constexpr std::array methods{"of", "wait", "is_done", "is_pending", "cancel"};
    return task.has_signal("completed") &&
           std::ranges::all_of(methods, [&](const char* name) { return task.has_method(name); });
}

std::optional<TaskFailed> failure_in(const Variant& value) {
    if (value.type() != GDEXTENSION_VARIANT_TYPE_OBJECT) return {};
    const ObjectHandle object = value.object_id().object();
    if (const NebulaTaskError* const error = instance_of<NebulaTaskError>(object))
        return TaskFailed(error->code(), error->message());
    if (!is_named(object, "TaskError")) return {};
    const Object error(object.ptr());
    const auto code = error.get("code").try_to<std::int64_t>();
    const auto message = error.get("message").try_to<std::string>();
    using Code = NebulaTaskError::Code;
    if (!code || !message || *code < std::int64_t{1} ||
        *code > static_cast<std::int64_t>(Code::TimedOut))
        return {};
    return TaskFailed(static_cast<Code>(*code), *message);
}

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
#include "nebula/godot/jobs/script_function.hpp"

#include "nebula/godot/api/node.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/async/call_async.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/marshal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace nebula::godot {
namespace {

constinit StaticName call_name{"call"};

Ref<Script> script_of(const Object& object) {
    // A lambda without `self`, and a static function, belong to the script itself.
    if (const Script script = cast_to<Script>(object); script) return Ref<Script>(script);
    return object.get_script().try_to<Ref<Script>>().value_or(Ref<Script>());
}

/// The line of "func name(" in the source; 0 if the source is not there, as in an exported game.
std::size_t line_of(const Script& script, std::string_view method) {
    if (!script.has_source_code()) return 0;
    const std::string source = script.get_source_code().utf8();
    const std::size_t at = source.find("func " + std::string(method) + "(");
    if (at == std::string::npos) return 0;
    return 1 + static_cast<std::size_t>(std::count(
                   source.begin(), source.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace

void prepare_script_functions() { (void)static_cast<const StringName&>(call_name); }

ScriptFunction::ScriptFunction(const Callable& callable) : callable_(callable), boxed_(callable) {
    if (callable.is_null())
        throw std::invalid_argument("the Callable is empty; pass a function, as in run(find_path)");
    if (!callable.is_valid())
        throw std::invalid_argument("there is no function '" + method() +
                                    "' to call: its object was freed, or has no such method");
    const Object object(callable.object_id().object().ptr());
    if (!object) return;
    if (const RefCounted counted = cast_to<RefCounted>(object); counted) {
        kept_ = Ref<RefCounted>(counted);
        return;
    }
    const Node node = cast_to<Node>(object);
    if (!node) return;
    node_ = node.id();
    if (is_main_thread()) script_ = script_of(object);
    if (node.is_inside_tree() && callable.is_method() && node.has_method(callable.method()) &&
        engine.object_has_script_method(node.ptr(), callable.method().data()) == 0)
        throw std::invalid_argument("'" + method() + "' is a method of the node " +
                                    std::string(node.get_name().utf8()) +
                                    ", which is in the scene tree, and workers must not touch the "
                                    "tree; call it on the main thread");
}

Variant ScriptFunction::call(const Variant* argument, ScriptErrorWatch& watch) const {
    const GDExtensionConstVariantPtr pointer = argument != nullptr ? argument->data() : nullptr;
    Variant result;
    GDExtensionCallError error{};
    engine.variant_destroy(result.data());  // the engine constructs it
    // The engine only reads the Callable.
    engine.variant_call(const_cast<void*>(boxed_.data()),
                        static_cast<const StringName&>(call_name).data(), &pointer,
                        argument != nullptr ? 1 : 0, result.data(), &error);
    watch.check();
    if (error.error != GDEXTENSION_CALL_OK) fail(error);
    if (result.type() == GDEXTENSION_VARIANT_TYPE_OBJECT &&
        detail::is_coroutine_state(Object(result.object_id().object().ptr())))
        throw ScriptError(name() +
                          " waits for something, which a function on a worker must not do: await "
                          "before it or after it, on the main thread");
    return result;
}

void ScriptFunction::fail(const GDExtensionCallError& error) const {
    switch (error.error) {
        case GDEXTENSION_CALL_ERROR_INSTANCE_IS_NULL:
        case GDEXTENSION_CALL_ERROR_INVALID_METHOD:
            throw ScriptError("'" + method() +
                              "' was not called: its object was freed, or has no such method any "
                              "more, because its script has changed");
        case GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS:
        case GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS:
            throw ScriptError(name() +
                              " was called with a number of arguments that it does not "
                              "take; it takes " +
                              std::to_string(error.expected));
        case GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT:
            throw ScriptError(name() + " does not take its argument " +
                              std::to_string(error.argument + 1) +
                              ", which should be of the type " +
                              type_name(static_cast<GDExtensionVariantType>(error.expected)));
        default:
            throw ScriptError(name() + " could not be called");
    }
}

std::string ScriptFunction::name() const {
    const std::string function = method();
    std::string text = function + "()";
    const Object object(callable_.object_id().object().ptr());
    if (!object) return text;
    const Ref<Script> script = node_.is_null() ? script_of(object) : script_;
    if (script.is_null()) return text + " of a " + object.get_class().utf8();
    const std::string path = script->get_path().utf8();
    if (path.empty()) return text;
    const std::size_t line = line_of(script.get(), function);
    return text + " (" + path + (line != 0 ? ":" + std::to_string(line) : "") + ")";
}

}  // namespace nebula::godot

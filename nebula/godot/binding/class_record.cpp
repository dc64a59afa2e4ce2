// SPDX-License-Identifier: MIT
// How a record is filled: what a class's bind() makes of it without knowing the class.
#include "nebula/godot/binding/class_record.hpp"

#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/extension_name.hpp"

#include <cstddef>
#include <cstdio>

namespace nebula::godot {
namespace {

std::vector<TypedName> named(std::span<const ValueType> types, ArgumentNames names) {
    std::vector<TypedName> all;
    const auto* name = names.begin();
    for (const ValueType& type : types)
        all.push_back({type, name == names.end() ? "" : *name++, {}});
    return all;
}

std::string joined(std::string_view prefix, std::string_view rest) {
    return std::string(prefix).append(rest);
}

void give_name(MethodRecord& method, std::string_view name, const ClassRecord& owner) {
    method.name = name;
    method.context = joined(owner.said_name, ".") + method.name;
}

}  // namespace

MethodRecord::MethodRecord(const MethodSignature& signature)
    : arguments(named(signature.arguments, {})),
      has_result(signature.has_result),
      result{signature.result, {}, {}},
      error_value(signature.error_value) {
    if (signature.is_static) flags |= GDEXTENSION_METHOD_FLAG_STATIC;
}

MethodRecord::~MethodRecord() = default;

MethodRecord& MethodRecord::doc(const char* text) {
    description = text;
    return *this;
}

Variant MethodRecord::error_result(Error code, const std::string& why) const {
    if (error_value != nullptr) return error_value(why);
    if (result.class_name == "Error") return Variant(static_cast<std::int64_t>(code));
    if (result.type == GDEXTENSION_VARIANT_TYPE_NIL) return {};
    if (result.type == GDEXTENSION_VARIANT_TYPE_OBJECT) return Variant(ObjectHandle());
    const Interface::BuiltinType& functions = engine.types[result.type];
    alignas(8) std::byte slot[SizeOf::Projection];  // the largest
    functions.construct(slot, nullptr);
    Variant empty;
    engine.variant_destroy(empty.data());  // the engine constructs it
    functions.to_variant(empty.data(), slot);
    if (functions.destroy != nullptr) functions.destroy(slot);
    return empty;
}

ClassRecord::ClassRecord(const char* cpp_name, const char* parent_cpp_name)
    : cpp_name(cpp_name),
      name(engine_name(cpp_name)),
      parent_name(engine_name(parent_cpp_name)),
      said_name(name) {}

ClassRecord::~ClassRecord() = default;

void ClassRecord::describe(const char* new_brief, const char* new_description) {
    brief = new_brief;
    description = new_description;
}

MethodRecord& ClassRecord::add_method(std::string_view method_name,
                                      std::unique_ptr<MethodRecord> method,
                                      ArgumentNames argument_names) {
    give_name(*method, method_name, *this);
    method->threads = is_any_thread ? ThreadRule::AnyThread : ThreadRule::MainThread;
    const auto* argument_name = argument_names.begin();
    for (TypedName& argument : method->arguments)
        if (argument_name != argument_names.end()) argument.name = *argument_name++;
    return *methods.emplace_back(std::move(method));
}

void ClassRecord::add_override(const char* method_name, std::uint32_t hash,
                               std::unique_ptr<MethodRecord> method) {
    give_name(*method, method_name, *this);
    // The engine also asks an object that a loader thread is just building.
    method->threads = is_any_thread ? ThreadRule::AnyThread : ThreadRule::Construction;
    overrides.push_back({StringName(method_name), hash, std::move(method)});
}

void ClassRecord::add_script_virtual(const char* method_name, const MethodSignature& signature,
                                     ArgumentNames argument_names, const char* doc) {
    script_virtuals.push_back({method_name,
                               named(signature.arguments, argument_names),
                               signature.has_result,
                               {signature.result, {}, {}},
                               doc});
}

void ClassRecord::add_accessor(std::string_view method_name, std::unique_ptr<MethodRecord> method,
                               ArgumentNames argument_names, ThreadRule threads) {
    MethodRecord& added = add_method(method_name, std::move(method), argument_names);
    if (!is_any_thread) added.threads = threads;
    added.is_accessor = true;
}

void ClassRecord::add_property(std::string_view property_name, std::unique_ptr<MethodRecord> getter,
                               std::unique_ptr<MethodRecord> setter, const Hint& hint,
                               const char* doc) {
    Member property{Member::Kind::Property,
                    {getter->result, std::string(property_name), hint},
                    {},
                    joined("get_", property_name),
                    {},
                    {},
                    doc};
    if (setter != nullptr) {
        property.setter = joined("set_", property_name);
        add_accessor(property.setter, std::move(setter), {"value"}, ThreadRule::Construction);
    }
    add_accessor(property.getter, std::move(getter), {}, ThreadRule::Reading);
    members.push_back(std::move(property));
}

void ClassRecord::add_group(Member::Kind kind, const char* text, const char* prefix) {
    members.push_back({kind, {}, {}, {}, text, prefix, {}});
}

void ClassRecord::add_signal(const char* signal_name,
                             std::initializer_list<SignalArgument> signal_arguments,
                             const char* doc) {
    SignalEntry& entry = signals.emplace_back(SignalEntry{signal_name, {}, doc});
    for (const SignalArgument& each : signal_arguments)
        entry.arguments.push_back({each.type, each.name, {}});
}

void ClassRecord::add_constant(const char* enumeration, const char* constant_name,
                               std::int64_t value, const char* doc) {
    constants.push_back({enumeration, constant_name, value, doc});
}

// --- Hints ---------------------------------------------------------------------------------------

namespace {
Hint hint_of(PropertyHint hint, std::string_view text) {
    return {static_cast<std::uint32_t>(hint), std::string(text)};
}
}  // namespace

Hint Hint::range(double lowest, double highest, double step, const char* extra) {
    char numbers[96];
    std::snprintf(numbers, sizeof numbers, "%.10g,%.10g,%.10g", lowest, highest, step);
    return hint_of(PropertyHint::PROPERTY_HINT_RANGE,
                   extra[0] == '\0' ? numbers : joined(numbers, ",") + extra);
}
Hint Hint::names(std::string_view list) { return hint_of(PropertyHint::PROPERTY_HINT_ENUM, list); }
Hint Hint::render_layers() { return hint_of(PropertyHint::PROPERTY_HINT_LAYERS_3D_RENDER, ""); }
Hint Hint::physics_layers() { return hint_of(PropertyHint::PROPERTY_HINT_LAYERS_3D_PHYSICS, ""); }
Hint Hint::multiline() { return hint_of(PropertyHint::PROPERTY_HINT_MULTILINE_TEXT, ""); }
Hint Hint::file(std::string_view filter) {
    return hint_of(PropertyHint::PROPERTY_HINT_FILE, filter);
}
Hint Hint::read_only() {
    return {0, "",
            static_cast<std::uint32_t>(PropertyUsageFlags::PROPERTY_USAGE_EDITOR |
                                       PropertyUsageFlags::PROPERTY_USAGE_READ_ONLY)};
}
Hint Hint::hidden() {
    return {0, "", static_cast<std::uint32_t>(PropertyUsageFlags::PROPERTY_USAGE_STORAGE)};
}
Hint Hint::unlisted() {
    return {0, "", static_cast<std::uint32_t>(PropertyUsageFlags::PROPERTY_USAGE_NONE)};
}
Hint Hint::resource_type(std::string_view class_name) {
    return hint_of(PropertyHint::PROPERTY_HINT_RESOURCE_TYPE, class_name);
}
Hint Hint::array_of_type(std::string_view class_name) {
    // The engine's notation for the type of an element: its type, its hint, and that hint's text.
    const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
    return hint_of(PropertyHint::PROPERTY_HINT_TYPE_STRING,
                   number(GDEXTENSION_VARIANT_TYPE_OBJECT) + "/" +
                       number(PropertyHint::PROPERTY_HINT_RESOURCE_TYPE) + ":" +
                       std::string(class_name));
}
Hint Hint::path_to_type(std::string_view class_name) {
    return hint_of(PropertyHint::PROPERTY_HINT_NODE_PATH_VALID_TYPES, class_name);
}
Hint Hint::node_type(std::string_view class_name) {
    return hint_of(PropertyHint::PROPERTY_HINT_NODE_TYPE, class_name);
}

}  // namespace nebula::godot

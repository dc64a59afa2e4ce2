// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/signal_arguments.hpp"

#include "nebula/godot/api/builtin_methods.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/ref.hpp"

#include <memory>
#include <utility>

namespace nebula::godot::detail {
namespace {

// Variants share the packed array itself, not only its content, so the emitter may still append to
// it. Taken out of the Variant and put into a new one, the content is shared and copied on write.
void copy_unshared(Variant& to, const Variant& packed) noexcept {
    alignas(8) std::byte array[SizeOf::PackedByteArray];
    const Interface::BuiltinType& functions = engine.types[packed.type()];
    functions.from_variant(array, const_cast<void*>(packed.data()));
    functions.to_variant(to.data(), array);
    functions.destroy(array);
}

// Constructs a copy that another thread may use. Returns false, and constructs nothing, if the
// value is confined to its thread.
bool copy_sendable(Variant* to, const Variant& value) {
    const GDExtensionVariantType type = value.type();
    switch (type) {
        case GDEXTENSION_VARIANT_TYPE_OBJECT:
            // The copy keeps a counted object alive; any other object may be freed at any moment.
            if (!value.object_id().is_null() && !value.try_to<Ref<RefCounted>>()) return false;
            break;
        case GDEXTENSION_VARIANT_TYPE_NODE_PATH:  // reading it fills caches
        case GDEXTENSION_VARIANT_TYPE_CALLABLE:
        case GDEXTENSION_VARIANT_TYPE_DICTIONARY:
        case GDEXTENSION_VARIANT_TYPE_ARRAY:
            return false;
        default:
            break;
    }
    if (type < GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY) {
        std::construct_at(to, value);
    } else {
        copy_unshared(*to, value);
    }
    return true;
}

}  // namespace

SignalArguments::Room SignalArguments::room_for(std::size_t count) {
    return count > kInPlace ? std::make_unique<std::byte[]>(count * sizeof(Variant)) : nullptr;
}

bool SignalArguments::copy_from(std::span<const Variant* const> arguments, Room room) noexcept {
    spilled_ = std::move(room);
    Variant* const values = data();
    const bool here = is_main_thread();
    for (const Variant* argument : arguments) {
        if (here) {
            std::construct_at(values + count_, *argument);
        } else if (!copy_sendable(values + count_, *argument)) {
            clear();
            return false;
        }
        ++count_;
    }
    return true;
}

void SignalArguments::clear() noexcept {
    // Destroying a value may run foreign code, which must find this empty.
    std::destroy_n(data(), std::exchange(count_, 0));
}

void forget_dead_objects(std::span<Variant> arguments) {
    for (Variant& argument : arguments) {
        if (argument.type() != GDEXTENSION_VARIANT_TYPE_OBJECT) continue;
        if (!argument.object_id().is_alive()) argument = Variant();
    }
}

Variant as_one_variant(std::span<Variant> arguments) {
    if (arguments.empty()) return {};
    if (arguments.size() == 1) return std::move(arguments.front());
    Array all;
    for (const Variant& argument : arguments) all.append(argument);
    return Variant(all);
}

std::string type_list(std::span<const Variant> arguments) {
    std::string list;
    for (const Variant& argument : arguments)
        list += (list.empty() ? "" : ", ") + type_name(argument.type());
    return list;
}

}  // namespace nebula::godot::detail

// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/method_bind.hpp"

#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/extension_name.hpp"
#include "nebula/godot/binding/string.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace nebula::godot {

ArgumentPointers::ArgumentPointers(VarArgs fixed, VarArgs rest)
    : count_(static_cast<GDExtensionInt>(fixed.values().size() + rest.values().size())) {
    const auto count = static_cast<std::size_t>(count_);
    if (count > kFew) many_ = std::make_unique<GDExtensionConstVariantPtr[]>(count);
    GDExtensionConstVariantPtr* next = many_ ? many_.get() : few_;
    for (const Variant& value : fixed.values()) *next++ = value.data();
    for (const Variant& value : rest.values()) *next++ = value.data();
}

void throw_if_failed(const GDExtensionCallError& error, std::string_view owner,
                     std::string_view method) {
    if (error.error == GDEXTENSION_CALL_OK) return;
    std::string text = std::string(owner) + "." + std::string(method);
    switch (error.error) {
        case GDEXTENSION_CALL_ERROR_INVALID_METHOD:
            text += ": there is no such method";
            break;
        case GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT:
            text += ": argument " + std::to_string(error.argument + 1) + " should be " +
                    type_name(static_cast<GDExtensionVariantType>(error.expected));
            break;
        case GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS:
            text += ": too many arguments";
            break;
        case GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS:
            text += ": too few arguments";
            break;
        case GDEXTENSION_CALL_ERROR_INSTANCE_IS_NULL:
            text += " called on null";
            break;
        default:
            text += ": the call failed";
            break;
    }
    throw CallError(text);
}

MethodBind::MethodBind(const char* class_name, const char* method, std::int64_t hash)
    : bind_(engine.classdb_get_method_bind(StringName(class_name).data(), StringName(method).data(),
                                           hash)),
      class_name_(class_name),
      method_(method) {
    if (bind_ == nullptr) {
        throw ApiMismatchError(std::string(class_name) + "." + method +
                               " differs between this engine and the one that " + extension_name() +
                               " was built for");
    }
}

void MethodBind::throw_null() const {
    throw NullObjectError(std::string(class_name_) + "." + method_ + " called on null");
}

Variant MethodBind::call_variants(const ObjectHandle& self, const VarArgs& fixed,
                                  const VarArgs& rest) const {
    if (self.is_null()) throw_null();
    const ArgumentPointers arguments(fixed, rest);
    Variant result;
    GDExtensionCallError error{};
    engine.variant_destroy(result.data());  // the engine constructs it
    engine.object_method_bind_call(bind_, self.ptr(), arguments.data(), arguments.count(),
                                   result.data(), &error);
    throw_if_failed(error, class_name_, method_);
    return result;
}

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
// Calling a method of an engine class. Only generated code and this folder need it.
#pragma once

#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace nebula::godot {

/// Pointers to two lists of Variants one after the other, as the engine's `call` takes them.
class ArgumentPointers {
public:
    ArgumentPointers(VarArgs fixed, VarArgs rest);

    [[nodiscard]] const GDExtensionConstVariantPtr* data() const noexcept {
        return many_ ? many_.get() : few_;
    }
    [[nodiscard]] GDExtensionInt count() const noexcept { return count_; }

private:
    static constexpr std::size_t kFew = 8;

    GDExtensionConstVariantPtr few_[kFew];
    std::unique_ptr<GDExtensionConstVariantPtr[]> many_;
    GDExtensionInt count_;
};

/// \throws CallError that says which argument of `owner`.`method` was wrong.
void throw_if_failed(const GDExtensionCallError& error, std::string_view owner,
                     std::string_view method);

/// One method of one engine class, found by name and hash.
///
/// Threads:   any thread.
/// Cost:      constructing: two names and a look-up; generated code does it once per method.
/// Throws:    the constructor, ApiMismatchError; calls, NullObjectError.
class MethodBind {
public:
    MethodBind(const char* class_name, const char* method, std::int64_t hash);

    template <class Result, class... Args>
    Result call(const ObjectHandle& self, const Args&... arguments) const {
        if (self.is_null()) throw_null();
        return ptrcall<Result>(self.ptr(), Marshal<Args>::encode(arguments)...);
    }

    template <class Result, class... Args>
    Result call_static(const Args&... arguments) const {
        return ptrcall<Result>(nullptr, Marshal<Args>::encode(arguments)...);
    }

    /// For methods that take any number of Variants.
    template <class Result>
    Result call_varargs(const ObjectHandle& self, VarArgs fixed, const VarArgs& rest) const {
        const Variant result = call_variants(self, fixed, rest);
        if constexpr (!std::is_void_v<Result>) return result.to<Result>();
    }

private:
    template <class Result, class... Encoded>
    Result ptrcall(GDExtensionObjectPtr self, const Encoded&... encoded) const {
        const GDExtensionConstTypePtr arguments[] = {Address<Encoded>::of(encoded)..., nullptr};
        if constexpr (std::is_void_v<Result>) {
            engine.object_method_bind_ptrcall(bind_, self, arguments, nullptr);
        } else {
            typename Marshal<Result>::Slot slot{};
            engine.object_method_bind_ptrcall(bind_, self, arguments, &slot);
            return Marshal<Result>::adopt(std::move(slot));
        }
    }
    template <class Encoded>
    struct Address {
        static const void* of(const Encoded& encoded) { return &encoded; }
    };

    [[noreturn]] void throw_null() const;
    Variant call_variants(const ObjectHandle& self, const VarArgs& fixed,
                          const VarArgs& rest) const;

    GDExtensionMethodBindPtr bind_;
    const char* class_name_;
    const char* method_;
};

}  // namespace nebula::godot

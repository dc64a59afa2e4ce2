// SPDX-License-Identifier: MIT
// A member function as the engine calls it.
#pragma once

#include <godot_cpp/classes/object.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace godot {

class MethodBind {
public:
    virtual ~MethodBind() = default;
    virtual void call(void* instance, const GDExtensionConstVariantPtr* arguments,
                      Variant& result) const = 0;
    virtual void ptrcall(void* instance, const GDExtensionConstTypePtr* arguments,
                         void* result) const = 0;

    std::vector<Variant::Type> arguments;
    Variant::Type result = Variant::NIL;
};

namespace internal {

template <class T>
constexpr Variant::Type kTypeOf = std::is_same_v<T, bool>           ? Variant::BOOL
                                  : std::is_same_v<T, std::int64_t> ? Variant::INT
                                  : std::is_same_v<T, Signal>       ? Variant::SIGNAL
                                                                    : Variant::NIL;
template <class T>
T from_pointer(GDExtensionConstTypePtr argument) {
    return *static_cast<const T*>(argument);
}

template <class M, class C, class R, class... P>
class MemberBind : public MethodBind {
public:
    explicit MemberBind(M method) : method_(method) {
        arguments = {kTypeOf<std::decay_t<P>>...};
        if constexpr (!std::is_void_v<R>) result = kTypeOf<R>;
    }
    void call(void* instance, const GDExtensionConstVariantPtr* given,
              Variant& answer) const override {
        apply<true>(instance, given, &answer, std::index_sequence_for<P...>{});
    }
    void ptrcall(void* instance, const GDExtensionConstTypePtr* given,
                 void* answer) const override {
        apply<false>(instance, given, answer, std::index_sequence_for<P...>{});
    }

private:
    template <bool kVariants, class T>
    static T argument(const void* given) {
        if constexpr (kVariants) {
            return static_cast<T>(*static_cast<const Variant*>(given));
        } else {
            return from_pointer<T>(given);
        }
    }
    template <bool kVariants, std::size_t... kIndex>
    void apply(void* instance, const void* const* given, void* answer,
               std::index_sequence<kIndex...>) const {
        C* const self = static_cast<C*>(instance);
        (void)given;
        if constexpr (std::is_void_v<R>) {
            (self->*method_)(argument<kVariants, std::decay_t<P>>(given[kIndex])...);
        } else {
            const R value =
                (self->*method_)(argument<kVariants, std::decay_t<P>>(given[kIndex])...);
            if constexpr (kVariants) {
                *static_cast<Variant*>(answer) = Variant(value);
            } else {
                *static_cast<R*>(answer) = value;
            }
        }
    }

    M method_;
};

}  // namespace internal

template <class C, class R, class... P>
MethodBind* create_method_bind(R (C::*p_method)(P...)) {
    return new internal::MemberBind<decltype(p_method), C, R, P...>(p_method);
}
template <class C, class R, class... P>
MethodBind* create_method_bind(R (C::*p_method)(P...) const) {
    return new internal::MemberBind<decltype(p_method), C, R, P...>(p_method);
}

}  // namespace godot

// SPDX-License-Identifier: MIT
// Ref<T>: one count of an object that lives as long as somebody counts it.
#pragma once

#include "nebula/godot/binding/object.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>

namespace nebula::godot {

namespace detail {
void add_reference(GDExtensionObjectPtr object);
void drop_reference(
    GDExtensionObjectPtr object) noexcept;          ///< Frees the object when it was the last.
void first_reference(GDExtensionObjectPtr object);  ///< For one just constructed.

/// What is reached through a pointer to an object: of engine classes a handle, of ours the instance
/// (specialised in extension.hpp).
template <class T>
struct ObjectTraits {
    /// Keeps the handle until the end of the expression that wrote the arrow.
    struct Arrow {
        T handle;
        const T* operator->() const { return &handle; }
    };
    static T get(GDExtensionObjectPtr object) { return T(object); }
    static Arrow arrow(GDExtensionObjectPtr object) { return {T(object)}; }
    static bool is_a(GDExtensionObjectPtr object) {
        return static_cast<bool>(cast_to<T>(ObjectHandle(object)));
    }
};
}  // namespace detail

/// Shares an object derived from RefCounted; null when default-constructed.
///
///     Ref<ShaderMaterial> material = make_ref<ShaderMaterial>();
///     material->set_shader(shader);
///
/// Threads:   counting is safe on any thread; the object may die on whichever drops it last.
/// Cost:      copy: one call into the engine. Move: none.
template <class T>
class Ref {
public:
    Ref() noexcept = default;
    Ref(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor): as a pointer
    /// Adds a count of its own.
    explicit Ref(GDExtensionObjectPtr object) : object_(object) {
        if (object_ != nullptr) detail::add_reference(object_);
    }
    explicit Ref(const ObjectHandle& object) : Ref(object.ptr()) {}
    /// Takes over a count somebody else made.
    [[nodiscard]] static Ref adopt(GDExtensionObjectPtr object) noexcept {
        Ref ref;
        ref.object_ = object;
        return ref;
    }

    Ref(const Ref& other) : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <std::derived_from<T> Derived>
        requires(!std::same_as<Derived, T>)
    Ref(const Ref<Derived>& other) : Ref(other.ptr()) {}  // NOLINT(google-explicit-constructor)
    template <std::derived_from<T> Derived>
        requires(!std::same_as<Derived, T>)
    Ref(Ref<Derived>&& other) noexcept
        : object_(other.release()) {}  // NOLINT(google-explicit-constructor)
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_ != nullptr) detail::drop_reference(object_);
    }

    explicit operator bool() const noexcept { return object_ != nullptr; }
    [[nodiscard]] bool is_null() const noexcept { return object_ == nullptr; }
    [[nodiscard]] GDExtensionObjectPtr ptr() const noexcept { return object_; }
    [[nodiscard]] ObjectHandle handle() const noexcept { return ObjectHandle(object_); }
    [[nodiscard]] ObjectId id() const noexcept { return handle().id(); }

    /// The object as T: for engine classes a handle, for ours a pointer (null when this is null).
    [[nodiscard]] auto get() const { return detail::ObjectTraits<T>::get(object_); }
    auto operator->() const { return detail::ObjectTraits<T>::arrow(object_); }

    /// Gives the count to the caller; this is null afterwards.
    [[nodiscard]] GDExtensionObjectPtr release() noexcept {
        return std::exchange(object_, nullptr);
    }

    friend bool operator==(const Ref& a, const Ref& b) noexcept { return a.object_ == b.object_; }

private:
    GDExtensionObjectPtr object_ = nullptr;
};

/// A new object with one count, the returned one.
template <class T>
[[nodiscard]] Ref<T> make_ref() {
    GDExtensionObjectPtr object = detail::construct(T::kClassName);
    if (object != nullptr) detail::first_reference(object);
    Ref<T> made = Ref<T>::adopt(object);
    if constexpr (!EngineClass<T>)
        detail::require_own(detail::ObjectTraits<T>::is_a(object), T::kClassName);
    return made;
}

}  // namespace nebula::godot

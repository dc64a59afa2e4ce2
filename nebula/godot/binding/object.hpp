// SPDX-License-Identifier: MIT
// Handles of engine objects: a typed pointer, an id that outlives the object, casts, creation.
#pragma once

#include "nebula/godot/binding/interface.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace nebula::godot {

struct ObjectId;

/// A typed pointer to an object of the engine's; the generated classes derive from it and add the
/// methods. Copies like a pointer, owns nothing: nodes are freed by the engine or queue_free(), and
/// what is counted lives in a Ref<T>.
///
///     Node3D node(...);
///     if (node) node.set_position({0, 1, 0});
///
/// Threads:   any thread for the handle; the object's own rules for its methods.
/// Lifetime:  dangles when the object is freed. To keep one over a frame, keep its ObjectId.
/// Throws:    every method, NullObjectError when null.
class ObjectHandle {
public:
    constexpr ObjectHandle() noexcept = default;
    constexpr ObjectHandle(std::nullptr_t) noexcept {
    }  // NOLINT(google-explicit-constructor): as a pointer
    explicit constexpr ObjectHandle(GDExtensionObjectPtr pointer) noexcept : pointer_(pointer) {}

    explicit operator bool() const noexcept { return pointer_ != nullptr; }
    [[nodiscard]] bool is_null() const noexcept { return pointer_ == nullptr; }
    [[nodiscard]] GDExtensionObjectPtr ptr() const noexcept { return pointer_; }
    [[nodiscard]] ObjectId id() const noexcept;

    friend bool operator==(const ObjectHandle& a, const ObjectHandle& b) = default;

private:
    GDExtensionObjectPtr pointer_ = nullptr;
};

/// Names an object for ever: never reused, so it is known when the object is gone.
struct ObjectId {
    std::uint64_t value = 0;

    [[nodiscard]] bool is_null() const noexcept { return value == 0; }
    /// Of a RefCounted, alive or not: the engine keeps that in the highest bit.
    [[nodiscard]] bool is_counted() const noexcept { return (value >> 63) != 0; }
    /// False as soon as the object is freed. Threads: any thread, but only on the thread that
    /// frees the object does the answer stay true.
    [[nodiscard]] bool is_alive() const noexcept { return !object().is_null(); }
    /// Null when the object is gone.
    [[nodiscard]] ObjectHandle object() const noexcept {
        return ObjectHandle(value == 0 ? nullptr : engine.object_get_instance_from_id(value));
    }

    friend bool operator==(const ObjectId&, const ObjectId&) = default;
};

inline ObjectId ObjectHandle::id() const noexcept {
    return {pointer_ == nullptr ? 0 : engine.object_get_instance_id(pointer_)};
}

/// A class of the engine's, as generated. (Our own derive from Extension, extension.hpp.)
template <class T>
concept EngineClass =
    std::derived_from<T, ObjectHandle> && std::constructible_from<T, GDExtensionObjectPtr>;

/// Null when there is none of that name. Engine singletons live as long as we do.
[[nodiscard]] GDExtensionObjectPtr find_singleton(const char* name);

namespace detail {
/// What the engine compares in a cast; null for a class it does not have.
void* class_tag(const char* class_name);
GDExtensionObjectPtr construct(const char* class_name);
[[noreturn]] void throw_left_out(const char* class_name);
/// \throws ApiMismatchError unless `is_own`: the class was left out, since somebody else has its name.
inline void require_own(bool is_own, const char* class_name) {
    if (!is_own) throw_left_out(class_name);
}
}  // namespace detail

/// The same object as a T, or null when it is none.
///
/// Cost:      a walk up the parents of its class.
template <EngineClass T>
[[nodiscard]] T cast_to(const ObjectHandle& object) {
    static void* const kTag = detail::class_tag(T::kClassName);
    if (object.is_null() || kTag == nullptr) return T();
    return T(engine.object_cast_to(object.ptr(), kTag));
}

/// A new object, which the caller must free or give to somebody who will: add_child() for a node.
/// Classes counted by reference are made with make_ref<T>() (ref.hpp).
template <EngineClass T>
[[nodiscard]] T create() {
    return T(detail::construct(T::kClassName));
}

/// Frees it at once. For nodes in the tree, queue_free() is the polite way.
inline void destroy(const ObjectHandle& object) {
    if (object) engine.object_destroy(object.ptr());
}

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
// The base of every class of ours that scripts and scenes can use.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/ref.hpp"

#include <concepts>
#include <optional>

namespace nebula::godot {

/// The engine object an instance of ours belongs to; only the registry makes one.
class Owner {
public:
    explicit Owner(GDExtensionObjectPtr object) noexcept : object_(object) {}
    [[nodiscard]] GDExtensionObjectPtr object() const noexcept { return object_; }

private:
    GDExtensionObjectPtr object_;
};

/// Base of a class of ours. The instance is a handle of its own engine object, so it calls the
/// engine's methods as its own and passes as `*this` wherever a Base is taken.
///
///     class Beacon : public Extension<Node3D> {
///     public:
///         static constexpr const char* kClassName = "Beacon";
///         using Extension::Extension;
///         static void bind(ClassBuilder<Beacon>& c) {
///             c.method("blink", &Beacon::blink, {"times"});
///         }
///         void blink(int times);
///     };
///     register_class<Beacon>();
///
/// Threads:   the main thread, unless bind() says otherwise.
/// Lifetime:  made with the engine object. Destroyed with it on the main thread; when another thread
///            destroys the engine object, later, on the main thread, before the frame's end. So the
///            destructor must not touch the engine object: clean up what needs it in a
///            NOTIFICATION_EXIT_TREE. And what the main thread runs by itself for a node must not
///            touch the engine object while the node is outside the tree.
template <std::derived_from<ObjectHandle> EngineBase>
class Extension : public EngineBase {
public:
    using Base = EngineBase;

    explicit Extension(Owner owner)
        requires EngineClass<EngineBase>
        : EngineBase(owner.object()) {}
    explicit Extension(Owner owner)
        requires(!EngineClass<EngineBase>)
        : EngineBase(owner) {}
    Extension(const Extension&) = delete;
    Extension& operator=(const Extension&) = delete;
};

/// A class of ours.
template <class T>
concept OwnClass = std::derived_from<T, ObjectHandle> && std::constructible_from<T, Owner>;

namespace detail {
/// While it exists, no other thread gets further in destroying a node of ours than to free our part.
/// So a node that has not departed is there until then, also outside the tree, where any thread may
/// free it. Look it up by its id after that.
///
/// Threads:   main thread. No script may run while it exists.
class DeparturesHeld {
public:
    DeparturesHeld() noexcept NEBULA_THREAD_ANNOTATION(no_thread_safety_analysis);
    DeparturesHeld(const DeparturesHeld&) = delete;
    DeparturesHeld& operator=(const DeparturesHeld&) = delete;
    ~DeparturesHeld() NEBULA_THREAD_ANNOTATION(no_thread_safety_analysis);
    /// Whether another thread is destroying this object of ours, or just has.
    [[nodiscard]] bool has_departed(ObjectId id) const noexcept;
};

/// The instance of ours behind the object, when it is of this class of ours or of a child of it.
ObjectHandle* own_instance(GDExtensionObjectPtr object, const char* class_name);
}  // namespace detail

/// Our instance behind an object, or null when the object is null or no T.
template <OwnClass T>
[[nodiscard]] T* instance_of(const ObjectHandle& object) {
    return static_cast<T*>(detail::own_instance(object.ptr(), T::kClassName));
}

/// As create<T>() for engine classes.
template <OwnClass T>
[[nodiscard]] T* create() {
    const ObjectHandle object(detail::construct(T::kClassName));
    T* const instance = instance_of<T>(object);
    if (instance == nullptr) destroy(object);
    detail::require_own(instance != nullptr, T::kClassName);
    return instance;
}

template <OwnClass T>
struct detail::ObjectTraits<T> {
    static T* get(GDExtensionObjectPtr object) { return instance_of<T>(ObjectHandle(object)); }
    static T* arrow(GDExtensionObjectPtr object) { return get(object); }
    static bool is_a(GDExtensionObjectPtr object) { return get(object) != nullptr; }
};

/// Our own objects cross as pointers, null when it is not of the class or not ours.
template <OwnClass T>
struct Marshal<T*> : detail::Described<GDEXTENSION_VARIANT_TYPE_OBJECT,
                                       GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE> {
    using Slot = GDExtensionObjectPtr;
    static constexpr const char* class_name() { return T::kClassName; }
    static Slot encode(const T* value) { return value == nullptr ? nullptr : value->ptr(); }
    static T* borrow(const void* slot) {
        return instance_of<T>(ObjectHandle(detail::object_in(slot)));
    }
    static void give(void* slot, const T* value) { *static_cast<Slot*>(slot) = encode(value); }
    static std::optional<T*> from_variant(const Variant& variant) {
        const auto object = detail::extract_object(variant, detail::ObjectTraits<T>::is_a);
        if (!object) return std::nullopt;
        return instance_of<T>(ObjectHandle(*object));
    }
};

}  // namespace nebula::godot

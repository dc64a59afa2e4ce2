// SPDX-License-Identifier: MIT
// Registration: a class of ours says in its bind() what scripts may see of it. Start here.
#pragma once

#include "nebula/godot/api/node.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/class_record.hpp"
#include "nebula/godot/binding/extension.hpp"
#include "nebula/godot/binding/virtual_method.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace nebula::godot {

/// Collects what T::bind() says; register_class<T>() hands it to the engine. It takes texts as
/// pointers, so that a call of it is a handful of instructions; the record copies them.
///
///     void VoxelTerrain::bind(ClassBuilder<VoxelTerrain>& c) {
///         c.method("dig_sphere", &VoxelTerrain::dig_sphere, {"center", "radius"}).defaults(4.0);
///         c.group("Streaming");
///         c.property("view_distance", &VoxelTerrain::view_distance,
///                    &VoxelTerrain::set_view_distance, Hint::range(32, 1024, 1, "suffix:m"));
///         c.signal("loaded", {argument<std::int64_t>("chunks"), argument<double>("seconds")});
///         c.virtual_method(Node::Virtuals::ready, &VoxelTerrain::ready);
///     }
///
/// Threads:   main thread.
template <class T>
class ClassBuilder {
public:
    ClassBuilder() : record_(std::make_unique<ClassRecord>(T::kClassName, T::Base::kClassName)) {
        record_->construct = [](Owner owner) -> ObjectHandle* { return new T(owner); };
        record_->destroy = [](ObjectHandle* self) noexcept { delete static_cast<T*>(self); };
        record_->is_node = std::derived_from<T, Node>;
        record_->is_resource = std::derived_from<T, Resource>;
        record_->is_counted = std::derived_from<T, RefCounted>;
    }

    /// Of an abstract class scripts make no instance.
    ClassBuilder& abstract() {
        record_->is_abstract = true;
        return *this;
    }
    /// For our own use: neither scripts nor the editor's lists and help show it.
    ClassBuilder& internal() {
        record_->is_internal = true;
        return *this;
    }
    /// Say it first. Every thread may use and destroy the instances: the class does its own locking,
    /// or never changes. Every resource must be so, because the engine saves, copies and loads
    /// resources on its own threads. Without it each call from another thread than the main one is
    /// refused (ThreadRule), and the destructor runs on the main thread.
    ClassBuilder& any_thread() {
        record_->is_any_thread = true;
        return *this;
    }
    /// Say it before the methods: in messages the class has this name, under which scripts reach it.
    ClassBuilder& singleton(const char* name) {
        record_->said_name = name;
        return *this;
    }
    /// In the editor the class is only shown, its code does not run.
    ClassBuilder& runtime_only() {
        record_->is_runtime = true;
        return *this;
    }
    /// For the editor's help (F1).
    ClassBuilder& doc(const char* brief, const char* description = "") {
        record_->describe(brief, description);
        return *this;
    }

    /// A member function, or a plain one for a static method. Name every argument.
    template <class Function>
    MethodRecord& method(const char* name, Function function, ArgumentNames arguments = {}) {
        return record_->add_method(name, detail::bound<T>(function), arguments);
    }

    /// Also registers get_`name` and set_`name`. `doc` is for the editor's help.
    template <class Getter, class Setter>
    ClassBuilder& property(const char* name, Getter getter, Setter setter, const Hint& hint = {},
                           const char* doc = "") {
        record_->add_property(name, detail::bound<T>(getter), detail::bound<T>(setter), hint, doc);
        return *this;
    }
    /// Also registers get_`name`; nobody can set it.
    template <class Getter>
    ClassBuilder& read_only_property(const char* name, Getter getter,
                                     const Hint& hint = Hint::read_only(), const char* doc = "") {
        record_->add_property(name, detail::bound<T>(getter), nullptr, hint, doc);
        return *this;
    }
    /// The inspector shows the properties that follow under this heading; `prefix` is left off
    /// their names.
    ClassBuilder& group(const char* name, const char* prefix = "") {
        record_->add_group(ClassRecord::Member::Kind::Group, name, prefix);
        return *this;
    }
    ClassBuilder& subgroup(const char* name, const char* prefix = "") {
        record_->add_group(ClassRecord::Member::Kind::Subgroup, name, prefix);
        return *this;
    }

    ClassBuilder& signal(const char* name, std::initializer_list<SignalArgument> arguments = {},
                         const char* doc = "") {
        record_->add_signal(name, arguments, doc);
        return *this;
    }
    ClassBuilder& constant(const char* name, std::int64_t value, const char* doc = "") {
        record_->add_constant("", name, value, doc);
        return *this;
    }
    struct Enumerator {
        const char* name;
        std::int64_t value;
        const char* doc = "";
    };
    ClassBuilder& enumeration(const char* name, std::initializer_list<Enumerator> values) {
        for (const Enumerator& each : values)
            record_->add_constant(name, each.name, each.value, each.doc);
        return *this;
    }

    /// Overrides a method the engine calls: virtual_method(Node::Virtuals::process, &T::process).
    template <class Result, class... Args, class Function>
    ClassBuilder& virtual_method(const VirtualMethod<Result(Args...)>& which, Function function) {
        using Signature = detail::Callee<Function>;
        static_assert(std::is_same_v<typename Signature::Values, std::tuple<Args...>> &&
                          std::is_same_v<std::remove_cvref_t<typename Signature::Result>, Result>,
                      "the engine calls this method with another signature");
        record_->add_override(which.name, which.hash, detail::bound<T>(function));
        return *this;
    }
    /// A method scripts may override and we call: see call_script().
    template <class Signature>
    ClassBuilder& script_virtual(const char* name, ArgumentNames arguments = {},
                                 const char* doc = "") {
        using Callee = detail::Callee<Signature>;
        record_->add_script_virtual(
            name, detail::signature_of<typename Callee::Result, typename Callee::Values>(),
            arguments, doc);
        return *this;
    }
    /// `listener` is told every notification: void T::on_notification(int what).
    template <void (T::*kListener)(int)>
    ClassBuilder& notification() {
        record_->notify = [](ObjectHandle* self, int what) {
            (static_cast<T*>(self)->*kListener)(what);
        };
        return *this;
    }

    [[nodiscard]] std::unique_ptr<ClassRecord> release() { return std::move(record_); }

private:
    std::unique_ptr<ClassRecord> record_;
};

namespace detail {
bool may_register_singleton(const char* name, const char* class_name);
void keep_singleton(const char* name, const ObjectHandle& object);
}  // namespace detail

/// Makes T known to the engine; call at the SCENE level, parents first.
/// False, after one error line, when the engine already has a class of this name: register_record().
template <OwnClass T>
bool register_class() {
    ClassBuilder<T> builder;
    T::bind(builder);
    return register_record(builder.release());
}

/// One T, made now, that scripts reach as a global by this name until unregister_singletons(). It is
/// ours, scripts cannot free it. Null, after one error line, when the name is taken, and without
/// another line when T was left out.
template <OwnClass T>
T* register_singleton(const char* name) {
    if (!detail::may_register_singleton(name, T::kClassName)) return nullptr;
    T* singleton = create<T>();
    detail::keep_singleton(name, *singleton);
    return singleton;
}
void unregister_singletons() noexcept;

/// Calls a script_virtual of `self` when its script overrides it; nullopt when it does not.
/// \throws CallError, VariantTypeError when the script's method does not fit.
[[nodiscard]] std::optional<Variant> call_script(const ObjectHandle& self, const StringName& method,
                                                 const VarArgs& arguments = {});

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
// Registration: a class of ours says in its bind() what scripts may see of it. Start here.
#pragma once

#include "nebula/godot/binding/class_record.hpp"
#include "nebula/godot/binding/extension.hpp"
#include "nebula/godot/binding/virtual_method.hpp"

#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::godot {

/// Collects what T::bind() says; register_class<T>() hands it to the engine.
///
///     void VoxelTerrain::bind(ClassBuilder<VoxelTerrain>& c) {
///         c.method("dig_sphere", &VoxelTerrain::dig_sphere, {"center", "radius"}).defaults(4.0);
///         c.group("Streaming");
///         c.property("view_distance", &VoxelTerrain::view_distance,
///         &VoxelTerrain::set_view_distance,
///                    Hint::range(32, 1024, 1, "suffix:m"));
///         c.signal("loaded", {argument<std::int64_t>("chunks"), argument<double>("seconds")});
///         c.virtual_method(Node::Virtuals::ready, &VoxelTerrain::ready);
///     }
///
/// Threads:   main thread.
template <class T>
class ClassBuilder {
public:
    ClassBuilder() : record_(std::make_unique<ClassRecord>()) {
        record_->name = T::kClassName;
        record_->parent_name = T::Base::kClassName;
        record_->construct = [](Owner owner) -> ObjectHandle* { return new T(owner); };
        record_->destroy = [](ObjectHandle* self) noexcept { delete static_cast<T*>(self); };
    }

    /// Of an abstract class scripts make no instance.
    ClassBuilder& abstract() {
        record_->is_abstract = true;
        return *this;
    }
    /// In the editor the class is only shown, its code does not run.
    ClassBuilder& runtime_only() {
        record_->is_runtime = true;
        return *this;
    }
    /// For the editor's help (F1).
    ClassBuilder& doc(std::string brief, std::string description = {}) {
        record_->brief = std::move(brief);
        record_->description = std::move(description);
        return *this;
    }

    /// A member function, or a plain one for a static method. Name every argument.
    template <class Function>
    MethodRecord& method(std::string name, Function function,
                         std::vector<std::string> arguments = {}) {
        return *record_->methods.emplace_back(std::make_unique<detail::BoundMethod<T, Function>>(
            std::move(name), function, std::move(arguments)));
    }

    /// Also registers get_`name` and set_`name`. `doc` is for the editor's help.
    template <class Getter, class Setter>
    ClassBuilder& property(const std::string& name, Getter getter, Setter setter, Hint hint = {},
                           std::string doc = {}) {
        method("set_" + name, setter, {"value"});
        add_property(name, getter, "set_" + name, std::move(hint), std::move(doc));
        return *this;
    }
    /// Also registers get_`name`; nobody can set it.
    template <class Getter>
    ClassBuilder& read_only_property(const std::string& name, Getter getter,
                                     Hint hint = Hint::read_only(), std::string doc = {}) {
        add_property(name, getter, "", std::move(hint), std::move(doc));
        return *this;
    }
    /// The inspector shows the properties that follow under this heading; `prefix` is left off
    /// their names.
    ClassBuilder& group(std::string name, std::string prefix = {}) {
        record_->members.push_back(
            {ClassRecord::Member::Kind::Group, {}, {}, {}, std::move(name), std::move(prefix), {}});
        return *this;
    }
    ClassBuilder& subgroup(std::string name, std::string prefix = {}) {
        record_->members.push_back({ClassRecord::Member::Kind::Subgroup,
                                    {},
                                    {},
                                    {},
                                    std::move(name),
                                    std::move(prefix),
                                    {}});
        return *this;
    }

    ClassBuilder& signal(std::string name, std::vector<TypedName> arguments = {},
                         std::string doc = {}) {
        record_->signals.push_back({std::move(name), std::move(arguments), std::move(doc)});
        return *this;
    }
    ClassBuilder& constant(std::string name, std::int64_t value) {
        record_->constants.push_back({"", std::move(name), value});
        return *this;
    }
    ClassBuilder& enumeration(const std::string& name,
                              std::initializer_list<std::pair<std::string, std::int64_t>> values) {
        for (const auto& [value_name, value] : values)
            record_->constants.push_back({name, value_name, value});
        return *this;
    }

    /// Overrides a method the engine calls: virtual_method(Node::Virtuals::process, &T::process).
    template <class Result, class... Args, class Function>
    ClassBuilder& virtual_method(const VirtualMethod<Result(Args...)>& which, Function function) {
        using Signature = detail::Callee<Function>;
        static_assert(std::is_same_v<typename Signature::Values, std::tuple<Args...>> &&
                          std::is_same_v<std::remove_cvref_t<typename Signature::Result>, Result>,
                      "the engine calls this method with another signature");
        record_->overrides.push_back({StringName(which.name), which.hash,
                                      std::make_unique<detail::BoundMethod<T, Function>>(
                                          which.name, function, std::vector<std::string>{})});
        return *this;
    }
    /// A method scripts may override and we call: see call_script().
    template <class Signature>
    ClassBuilder& script_virtual(std::string name, const std::vector<std::string>& arguments = {}) {
        add_script_virtual(std::move(name), arguments, static_cast<Signature*>(nullptr));
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
    template <class Getter>
    void add_property(const std::string& name, Getter getter, std::string setter, Hint hint,
                      std::string doc) {
        method("get_" + name, getter);
        TypedName property = typed<typename detail::Callee<Getter>::Result>(name);
        property.hint = std::move(hint);
        record_->members.push_back({ClassRecord::Member::Kind::Property,
                                    std::move(property),
                                    std::move(setter),
                                    "get_" + name,
                                    {},
                                    {},
                                    std::move(doc)});
    }
    template <class Result, class... Args>
    void add_script_virtual(std::string name, const std::vector<std::string>& names,
                            Result (*)(Args...)) {
        ClassRecord::ScriptVirtual entry{std::move(name), {}, !std::is_void_v<Result>, {}};
        std::size_t next = 0;
        ((entry.arguments.push_back(typed<Args>(next < names.size() ? names[next] : "")), ++next),
         ...);
        if constexpr (!std::is_void_v<Result>) entry.result = typed<Result>("");
        record_->script_virtuals.push_back(std::move(entry));
    }

    std::unique_ptr<ClassRecord> record_;
};

namespace detail {
void keep_singleton(const char* name, const ObjectHandle& object);
}

/// Makes T known to the engine; call at the SCENE level, parents first.
template <OwnClass T>
void register_class() {
    ClassBuilder<T> builder;
    T::bind(builder);
    register_record(builder.release());
}

/// One T, made now, that scripts reach as a global by this name until unregister_singletons().
/// Returns it; it is ours, scripts cannot free it.
template <OwnClass T>
T* register_singleton(const char* name) {
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

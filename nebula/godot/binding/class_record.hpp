// SPDX-License-Identifier: MIT
// What the engine is told about a class of ours, and keeps calling. ClassBuilder fills it in.
#pragma once

#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/closure.hpp"
#include "nebula/godot/binding/extension.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::godot {

/// How the inspector shows and edits a property.
struct Hint {
    std::uint32_t hint = 0;   // of PropertyHint
    std::string text;         // in the engine's own notation for that hint
    std::uint32_t usage = 6;  // of PropertyUsageFlags: stored and shown

    /// A slider. `extra` in the engine's words: "or_greater", "suffix:m", …
    static Hint range(double lowest, double highest, double step = 1, const char* extra = "");
    static Hint names(std::string_view comma_separated);  ///< An int shown as one of these.
    static Hint render_layers();                          ///< A mask of the 3D render layers.
    static Hint physics_layers();                         ///< A mask of the 3D physics layers.
    static Hint multiline();
    static Hint file(std::string_view filter);  ///< "*.toml" for example.
    static Hint read_only();                    ///< Shown, not stored.
    static Hint hidden();                       ///< Stored, not shown.
    static Hint unlisted();                     ///< Neither: read only by who asks by name.
    template <class Resource>
    static Hint resource() {
        return resource_type(Resource::kClassName);
    }
    template <class Node>
    static Hint node() {
        return node_type(Node::kClassName);
    }
    /// For an Array property: a list of these resources.
    template <class Resource>
    static Hint array_of() {
        return array_of_type(Resource::kClassName);
    }
    /// For a NodePath property: a path to a node of this class.
    template <class Node>
    static Hint path_to() {
        return path_to_type(Node::kClassName);
    }
    static Hint path_to_type(std::string_view class_name);
    static Hint resource_type(std::string_view class_name);
    static Hint array_of_type(std::string_view class_name);
    static Hint node_type(std::string_view class_name);
};

/// What a signature says of one C++ type.
struct ValueType {
    GDExtensionVariantType type = GDEXTENSION_VARIANT_TYPE_NIL;
    GDExtensionClassMethodArgumentMetadata meta = GDEXTENSION_METHOD_ARGUMENT_METADATA_NONE;
    std::string_view class_name;  // for ever: T::kClassName, or the engine's name of an enum
    bool is_any = false;          // a Variant, not null

    [[nodiscard]] bool is_enum() const noexcept {
        return type == GDEXTENSION_VARIANT_TYPE_INT && !class_name.empty();
    }
};

template <class T>
[[nodiscard]] constexpr ValueType value_type() {
    using Value = Marshal<std::remove_cvref_t<T>>;
    return {Value::kType, Value::kMeta, Value::class_name(),
            std::is_same_v<std::remove_cvref_t<T>, Variant>};
}

/// One argument of a signal.
struct SignalArgument {
    const char* name;
    ValueType type;
};
/// For the argument list of ClassBuilder::signal.
template <class T>
[[nodiscard]] constexpr SignalArgument argument(const char* name) {
    return {name, value_type<T>()};
}

/// One typed value as it is registered: an argument, a result or a property.
struct TypedName : ValueType {
    std::string name;
    Hint hint;
};

/// The names of a method's arguments, as ClassBuilder takes them.
using ArgumentNames = std::initializer_list<const char*>;

/// What a method's C++ type says of it.
struct MethodSignature {
    std::span<const ValueType> arguments;
    bool has_result = false;
    ValueType result;
    bool is_static = false;
    /// The error value of a result that can carry a message; null for the others.
    Variant (*error_value)(const std::string& why) = nullptr;
};

/// Which threads may call a method. The registry checks it before every call, so no method has to.
enum class ThreadRule : std::uint8_t {
    MainThread,    ///< The default. Refused elsewhere with one error line and an error value.
    Construction,  ///< Setters of properties: also on the thread that builds the object, for
                   ///< example a loader's, until the main thread has used it.
    Reading,       ///< Getters of properties: as Construction; those of a node also on any thread
                   ///< while the node is outside the tree, where it does nothing by itself.
    AnyThread,     ///< The method takes care of itself.
};

/// One method of ours, callable in the engine's two ways.
class MethodRecord {
public:
    explicit MethodRecord(const MethodSignature& signature);
    MethodRecord(const MethodRecord&) = delete;
    MethodRecord& operator=(const MethodRecord&) = delete;
    virtual ~MethodRecord();

    /// Values of the last arguments, so that callers may leave them out.
    template <class... Values>
    MethodRecord& defaults(const Values&... values) {
        default_values = {Variant(values)...};
        return *this;
    }
    /// For the editor's help (F1).
    MethodRecord& doc(const char* text);
    /// Lets every thread call it: the method does its own locking, or needs none.
    MethodRecord& any_thread() {
        threads = ThreadRule::AnyThread;
        return *this;
    }
    /// What the method returns when it was refused or threw, and `why`.
    MethodRecord& on_error(Variant (*make_value)(const std::string& why)) {
        error_value = make_value;
        return *this;
    }
    /// Its String result says what was wrong, and is empty when nothing was.
    MethodRecord& result_is_error_text() {
        return on_error([](const std::string& why) { return Variant(String(why)); });
    }

    virtual Variant call(ObjectHandle* self, std::span<const Variant* const> arguments,
                         GDExtensionCallError& error) = 0;
    virtual void ptrcall(ObjectHandle* self, const GDExtensionConstTypePtr* arguments,
                         void* result) = 0;
    /// What a caller gets when the method was refused or threw: `code` for a method that returns an
    /// Error, `why` where the result can carry a message, else the empty value of the result's type.
    [[nodiscard]] Variant error_result(Error code, const std::string& why) const;
    [[nodiscard]] bool is_static() const noexcept {
        return (flags & GDEXTENSION_METHOD_FLAG_STATIC) != 0;
    }

    std::string name;
    std::string context;  // "Beacon.blink", for errors
    std::vector<TypedName> arguments;
    bool has_result = false;
    bool is_accessor = false;  // of a property, which has the text
    TypedName result;
    std::uint32_t flags = GDEXTENSION_METHOD_FLAG_NORMAL;
    ThreadRule threads = ThreadRule::MainThread;
    Variant (*error_value)(const std::string& why) = nullptr;
    std::vector<Variant> default_values;
    std::string description;
};

/// What a bound method's result is to the engine. Specialised for what is not a value yet:
/// `Type`, `convert(self, "Class.method", result)`, where self is null for a static method, and
/// `error_value(why)`, what the caller gets when there is no result.
template <class T>
struct MethodResult {
    using Type = T;
};

namespace detail {

template <class Values>
struct ValueTypes;
template <class... Values>
struct ValueTypes<std::tuple<Values...>> {
    static constexpr std::array<ValueType, sizeof...(Values)> kAll{value_type<Values>()...};
};

template <class Returned, class Values>
constexpr MethodSignature signature_of(bool is_static = false) {
    using Result = typename MethodResult<Returned>::Type;
    MethodSignature signature{.arguments = ValueTypes<Values>::kAll, .is_static = is_static};
    if constexpr (!std::is_void_v<Result>) {
        signature.has_result = true;
        signature.result = value_type<Result>();
    }
    if constexpr (requires { &MethodResult<Returned>::error_value; })
        signature.error_value = &MethodResult<Returned>::error_value;
    return signature;
}

/// `Function` is a member function of T, or a plain function for a static method. Instantiated for
/// each signature of each class: what does not need the types stands in class_record.cpp.
template <class T, class Function>
class BoundMethod final : public MethodRecord {
    using Signature = Callee<Function>;
    using Values = typename Signature::Values;
    using Returned = std::remove_cvref_t<typename Signature::Result>;
    using Result = typename MethodResult<Returned>::Type;
    using Indices = std::make_index_sequence<Signature::kCount>;
    static constexpr MethodSignature kSignature =
        signature_of<Returned, Values>(!std::is_member_function_pointer_v<Function>);

public:
    explicit BoundMethod(Function function) : MethodRecord(kSignature), function_(function) {}

    Variant call(ObjectHandle* self, std::span<const Variant* const> values,
                 GDExtensionCallError& error) override {
        auto invoke = [&](auto&&... unpacked) -> decltype(auto) {
            return converted(self, std::forward<decltype(unpacked)>(unpacked)...);
        };
        return call_converted<Values>(values, error, invoke, Indices{});
    }

    void ptrcall(ObjectHandle* self, const GDExtensionConstTypePtr* slots, void* out) override {
        ptrcall_indexed(self, slots, out, Indices{});
    }

private:
    template <class... Args>
    decltype(auto) invoke_on([[maybe_unused]] ObjectHandle* self, Args&&... values) {
        if constexpr (std::is_member_function_pointer_v<Function>) {
            return (static_cast<T*>(self)->*function_)(std::forward<Args>(values)...);
        } else {
            return function_(std::forward<Args>(values)...);
        }
    }

    template <class... Args>
    decltype(auto) converted(ObjectHandle* self, Args&&... values) {
        if constexpr (!requires { &MethodResult<Returned>::convert; }) {
            return invoke_on(self, std::forward<Args>(values)...);
        } else {
            return MethodResult<Returned>::convert(self, context,
                                                   invoke_on(self, std::forward<Args>(values)...));
        }
    }

    template <std::size_t... kIndex>
    void ptrcall_indexed(ObjectHandle* self, [[maybe_unused]] const GDExtensionConstTypePtr* slots,
                         [[maybe_unused]] void* out, std::index_sequence<kIndex...>) {
        if constexpr (std::is_void_v<Result>) {
            invoke_on(self,
                      Marshal<std::tuple_element_t<kIndex, Values>>::borrow(slots[kIndex])...);
        } else {
            Marshal<Result>::give(
                out, converted(self, Marshal<std::tuple_element_t<kIndex, Values>>::borrow(
                                         slots[kIndex])...));
        }
    }

    Function function_;
};

template <class T, class Function>
std::unique_ptr<MethodRecord> bound(Function function) {
    return std::unique_ptr<MethodRecord>(new BoundMethod<T, Function>(function));
}

}  // namespace detail

/// One class of ours. Owned by the registry from register_class() until unregister_classes().
struct ClassRecord {
    struct Member {  // of the inspector, in order
        enum class Kind { Property, Group, Subgroup } kind;
        TypedName property;
        std::string setter, getter;
        std::string text, prefix;  // of a group
        std::string description;
    };
    struct SignalEntry {
        std::string name;
        std::vector<TypedName> arguments;
        std::string description;
    };
    struct Constant {
        std::string enumeration, name;
        std::int64_t value;
        std::string description;
    };
    struct Override {
        StringName name;
        std::uint32_t hash;
        std::unique_ptr<MethodRecord> method;
    };
    struct ScriptVirtual {
        std::string name;
        std::vector<TypedName> arguments;
        bool has_result;
        TypedName result;
        std::string description;
    };

    ClassRecord(const char* cpp_name, const char* parent_cpp_name);
    ClassRecord(const ClassRecord&) = delete;
    ClassRecord& operator=(const ClassRecord&) = delete;
    ~ClassRecord();

    // What ClassBuilder says, without its types.
    void describe(const char* new_brief, const char* new_description);
    MethodRecord& add_method(std::string_view method_name, std::unique_ptr<MethodRecord> method,
                             ArgumentNames argument_names);
    void add_override(const char* method_name, std::uint32_t hash,
                      std::unique_ptr<MethodRecord> method);
    void add_script_virtual(const char* method_name, const MethodSignature& signature,
                            ArgumentNames argument_names, const char* doc);
    /// Without a setter nobody can set it.
    void add_property(std::string_view property_name, std::unique_ptr<MethodRecord> getter,
                      std::unique_ptr<MethodRecord> setter, const Hint& hint, const char* doc);
    void add_accessor(std::string_view method_name, std::unique_ptr<MethodRecord> method,
                      ArgumentNames argument_names, ThreadRule threads);
    void add_group(Member::Kind kind, const char* text, const char* prefix);
    void add_signal(const char* signal_name, std::initializer_list<SignalArgument> signal_arguments,
                    const char* doc);
    void add_constant(const char* enumeration, const char* constant_name, std::int64_t value,
                      const char* doc);

    std::string_view cpp_name;      // T::kClassName
    std::string name, parent_name;  // as the engine knows them, see engine_name()
    std::string said_name;          // in messages
    std::string brief, description;
    const ClassRecord* parent = nullptr;  // when the parent is ours too
    bool is_abstract = false;
    bool is_runtime = false;
    bool is_internal = false;  // scripts and the editor do not see it
    bool is_node = false;
    bool is_resource = false;
    bool is_counted = false;
    bool is_any_thread = false;  // instances are also notified and destroyed on any thread
    std::vector<std::unique_ptr<MethodRecord>> methods;
    std::vector<Override> overrides;
    std::vector<ScriptVirtual> script_virtuals;
    std::vector<Member> members;
    std::vector<SignalEntry> signals;
    std::vector<Constant> constants;

    ObjectHandle* (*construct)(Owner owner) = nullptr;
    void (*destroy)(ObjectHandle* self) noexcept = nullptr;
    void (*notify)(ObjectHandle* self, int what) = nullptr;  // null when it does not listen

    // Written on any thread, a counted object may be dropped anywhere; read when the class is taken
    // back, by when nobody may be in it. Orders nothing.
    mutable std::atomic<std::int64_t> instances{0};
};

/// Registers the class with the engine.
/// \throws std::logic_error when the class uses one name twice, or names a parent of ours that is
///         not registered yet.
/// False, after one error line, when the engine already has a class of this name, or when the parent
/// was left out for that reason: this class is left out then, and the others still work.
bool register_record(std::unique_ptr<ClassRecord> record);

/// Which instances destroy_departed() destroys: Gone leaves those whose objects other threads are
/// still destroying.
enum class Departed : std::uint8_t { Gone, All };

/// Destroys the instances whose engine objects were destroyed on other threads: until then an
/// instance of a class for the main thread waits here. Its engine object is gone by then.
///
/// Threads:   main thread.
/// Cost:      one atomic load when there are none.
void destroy_departed(Departed which = Departed::Gone) noexcept;

/// Takes back every class, the last first. A class of which objects are left is told in a warning:
/// unless the extension is being reloaded, the engine (4.6.3) does not part them from their code.
void unregister_classes() noexcept;

[[nodiscard]] const std::vector<std::unique_ptr<ClassRecord>>& registered_classes() noexcept;

/// One class described as the editor's help reads it (XML).
[[nodiscard]] std::string class_docs(const ClassRecord& record);

/// What of our classes has no text for the editor's help: "Beacon", "Beacon.blink", …
[[nodiscard]] std::vector<std::string> missing_texts();

/// Gives the descriptions of all classes to the editor's help. Only in the editor.
void load_class_docs();

}  // namespace nebula::godot

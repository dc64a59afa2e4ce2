// SPDX-License-Identifier: MIT
// For extensions built on another binding, such as godot-cpp: tasks that wait for that binding's
// signals and objects. README.md in this folder shows the few lines that connect the two.
#pragma once

#include "nebula/base/thread_sanitizer.hpp"
#include "nebula/task/await_as.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/one_shot.hpp"
#include "nebula/task/wait.hpp"

#include <gdextension_interface.h>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

namespace nebula::adapter {

/// How the waits reach the engine's bytes in a binding's types. This one fits godot-cpp and any
/// binding with the same members; for others, write a struct of the same form.
///
///     using Godot = nebula::adapter::GodotCpp<godot::Signal, godot::Object, godot::StringName,
///                                             godot::Variant>;
template <class Signal_, class Object_, class StringName_, class Variant_>
struct GodotCpp {
    using Signal = Signal_;
    using Object = Object_;
    using StringName = StringName_;  ///< Constructible from a C string.
    using Variant = Variant_;        ///< Default constructible; converts to the script types.

    template <class Value>
    static void* bytes(const Value& value) {
        return const_cast<void*>(static_cast<const void*>(value._native_ptr()));
    }
    static GDExtensionObjectPtr pointer(const Object* object) {
        return object == nullptr ? nullptr : object->_owner;
    }
    template <class T>
    static T* cast(Object* object) {
        return Object::template cast_to<T>(object);
    }
};

/// Call it in the extension's entry function, with the arguments that the engine passes. Returns
/// false if the engine lacks a function; then do not use anything else from here.
///
/// Threads:   main thread.
[[nodiscard]] bool attach(GDExtensionInterfaceGetProcAddress get_proc_address,
                          GDExtensionClassLibraryPtr library) noexcept;

/// For a signal whose arguments are not known. The result is as in GDScript's await: null for no
/// argument, the value of one, an Array of several.
struct AnyArguments {};

namespace detail {

#define NEBULA_ADAPTER_FUNCTIONS(X)                                                           \
    X(callable_custom_create2, GDExtensionInterfaceCallableCustomCreate2)                     \
    X(classdb_get_class_tag, GDExtensionInterfaceClassdbGetClassTag)                          \
    X(classdb_get_method_bind, GDExtensionInterfaceClassdbGetMethodBind)                      \
    X(object_cast_to, GDExtensionInterfaceObjectCastTo)                                       \
    X(object_destroy, GDExtensionInterfaceObjectDestroy)                                      \
    X(object_get_class_name, GDExtensionInterfaceObjectGetClassName)                          \
    X(object_get_instance_from_id, GDExtensionInterfaceObjectGetInstanceFromId)               \
    X(object_get_instance_id, GDExtensionInterfaceObjectGetInstanceId)                        \
    X(object_method_bind_ptrcall, GDExtensionInterfaceObjectMethodBindPtrcall)                \
    X(string_name_new_with_utf8_chars, GDExtensionInterfaceStringNameNewWithUtf8Chars)        \
    X(string_new_with_utf8_chars_and_len2, GDExtensionInterfaceStringNewWithUtf8CharsAndLen2) \
    X(string_to_utf8_chars, GDExtensionInterfaceStringToUtf8Chars)                            \
    X(variant_can_convert_strict, GDExtensionInterfaceVariantCanConvertStrict)                \
    X(variant_destroy, GDExtensionInterfaceVariantDestroy)                                    \
    X(variant_get_object_instance_id, GDExtensionInterfaceVariantGetObjectInstanceId)         \
    X(variant_get_type, GDExtensionInterfaceVariantGetType)                                   \
    X(variant_get_type_name, GDExtensionInterfaceVariantGetTypeName)                          \
    X(variant_new_copy, GDExtensionInterfaceVariantNewCopy)                                   \
    X(get_variant_from_type_constructor, GDExtensionInterfaceGetVariantFromTypeConstructor)   \
    X(get_variant_to_type_constructor, GDExtensionInterfaceGetVariantToTypeConstructor)       \
    X(variant_get_ptr_builtin_method, GDExtensionInterfaceVariantGetPtrBuiltinMethod)         \
    X(variant_get_ptr_constructor, GDExtensionInterfaceVariantGetPtrConstructor)              \
    X(variant_get_ptr_destructor, GDExtensionInterfaceVariantGetPtrDestructor)

struct Engine {
#define NEBULA_ADAPTER_DECLARE(name, type) type name;
    NEBULA_ADAPTER_FUNCTIONS(NEBULA_ADAPTER_DECLARE)
#undef NEBULA_ADAPTER_DECLARE
    GDExtensionClassLibraryPtr library;
    std::thread::id main_thread;
};
// Written by attach(), before anything else here runs.
inline Engine engine{};

/// A short-lived String, StringName, Callable or Array.
template <GDExtensionVariantType kType>
class Temporary {
public:
    Temporary() = default;
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() { engine.variant_get_ptr_destructor(kType)(bytes_); }
    [[nodiscard]] void* bytes() noexcept { return bytes_; }

private:
    alignas(8) std::byte bytes_[16]{};
};
class TemporaryName : public Temporary<GDEXTENSION_VARIANT_TYPE_STRING_NAME> {
public:
    explicit TemporaryName(const char* text) {
        engine.string_name_new_with_utf8_chars(bytes(), text);
    }
};
class TemporaryString : public Temporary<GDEXTENSION_VARIANT_TYPE_STRING> {
public:
    [[nodiscard]] std::string utf8() {
        const GDExtensionInt size = engine.string_to_utf8_chars(bytes(), nullptr, 0);
        std::string text(static_cast<std::size_t>(size), '\0');
        engine.string_to_utf8_chars(bytes(), text.data(), size);
        return text;
    }
};

inline std::string text_of_name(const void* string_name) {
    TemporaryString text;
    engine.variant_get_ptr_constructor(GDEXTENSION_VARIANT_TYPE_STRING, 2)(text.bytes(),
                                                                           &string_name);
    return text.utf8();
}

inline GDExtensionMethodBindPtr method(const char* class_name, const char* name,
                                       GDExtensionInt hash) {
    return engine.classdb_get_method_bind(TemporaryName(class_name).bytes(),
                                          TemporaryName(name).bytes(), hash);
}

/// The engine functions that are looked up by name, once, when the first wait needs them. The
/// hashes are the engine's.
struct Methods {
    GDExtensionMethodBindPtr connect = method("Object", "connect", 1518946055);
    GDExtensionMethodBindPtr disconnect = method("Object", "disconnect", 1874754934);
    GDExtensionMethodBindPtr is_connected = method("Object", "is_connected", 768136979);
    GDExtensionMethodBindPtr has_signal = method("Object", "has_signal", 2619796661);
    GDExtensionMethodBindPtr get_class = method("Object", "get_class", 201670096);
    GDExtensionMethodBindPtr reference = method("RefCounted", "reference", 2240911060);
    GDExtensionMethodBindPtr unreference = method("RefCounted", "unreference", 2240911060);
    void* ref_counted = engine.classdb_get_class_tag(TemporaryName("RefCounted").bytes());
    GDExtensionPtrBuiltInMethod signal_object = engine.variant_get_ptr_builtin_method(
        GDEXTENSION_VARIANT_TYPE_SIGNAL, TemporaryName("get_object_id").bytes(), 3173160232);
    GDExtensionPtrBuiltInMethod signal_name = engine.variant_get_ptr_builtin_method(
        GDEXTENSION_VARIANT_TYPE_SIGNAL, TemporaryName("get_name").bytes(), 1825232092);
    GDExtensionPtrBuiltInMethod append = engine.variant_get_ptr_builtin_method(
        GDEXTENSION_VARIANT_TYPE_ARRAY, TemporaryName("append").bytes(), 3316032543);
};
inline const Methods& methods() {
    static const Methods kAll;
    return kAll;
}

inline void call(GDExtensionMethodBindPtr bind, GDExtensionObjectPtr self, void* result,
                 std::initializer_list<const void*> arguments = {}) {
    engine.object_method_bind_ptrcall(bind, self, arguments.begin(), result);
}
inline bool ask(GDExtensionMethodBindPtr bind, GDExtensionObjectPtr self,
                std::initializer_list<const void*> arguments = {}) {
    GDExtensionBool answer = 0;
    call(bind, self, &answer, arguments);
    return answer != 0;
}

inline bool is_counted(GDExtensionObjectPtr object) {
    return engine.object_cast_to(object, methods().ref_counted) != nullptr;
}

/// Holds one count of a reference-counted object; does nothing for any other object.
class Count {
public:
    /// If the object is dying on another thread, no count can be taken, and held() is false.
    explicit Count(GDExtensionObjectPtr object) {
        if (!is_counted(object)) return;
        held_ = ask(methods().reference, object);
        if (held_) object_ = object;
    }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
    ~Count() {
        if (object_ != nullptr && ask(methods().unreference, object_))
            engine.object_destroy(object_);
    }
    [[nodiscard]] bool held() const noexcept { return held_; }

private:
    GDExtensionObjectPtr object_ = nullptr;
    bool held_ = true;
};

/// The rules of nebula/godot/runtime: a value that another thread could change or free must stay.
inline bool may_leave_its_thread(GDExtensionConstVariantPtr value) {
    switch (engine.variant_get_type(value)) {
        case GDEXTENSION_VARIANT_TYPE_OBJECT: {
            const GDObjectInstanceID id = engine.variant_get_object_instance_id(value);
            if (id == 0) return true;
            GDExtensionObjectPtr const object = engine.object_get_instance_from_id(id);
            return object != nullptr && is_counted(object);
        }
        case GDEXTENSION_VARIANT_TYPE_NODE_PATH:
        case GDEXTENSION_VARIANT_TYPE_CALLABLE:
        case GDEXTENSION_VARIANT_TYPE_DICTIONARY:
        case GDEXTENSION_VARIANT_TYPE_ARRAY:
            return false;
        default:
            return true;
    }
}

/// Copies into a null Variant. A packed array from another thread is taken out of its Variant and
/// put into a new one: Variants share the array itself, which the emitter may still change.
inline void copy(GDExtensionVariantPtr to, GDExtensionConstVariantPtr from, bool here) {
    const GDExtensionVariantType type = engine.variant_get_type(from);
    engine.variant_destroy(to);
    if (here || type < GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY)
        return engine.variant_new_copy(to, from);
    alignas(8) std::byte array[16];
    engine.get_variant_to_type_constructor(type)(array, const_cast<void*>(from));
    engine.get_variant_from_type_constructor(type)(to, array);
    engine.variant_get_ptr_destructor(type)(array);
}

/// One wait: what the engine calls and what the awaiter asks, in one block. The protocol is that of
/// nebula/task/one_shot.hpp.
template <class Binding>
class Node {
public:
    using Variant = typename Binding::Variant;
    static constexpr std::size_t kInPlace = 9;

    static void* operator new(std::size_t size) { return task_detail::allocate_frame(size); }
    static void operator delete(void* memory) noexcept { task_detail::free_frame(memory); }

    explicit Node(std::uint64_t object) : emitter(object) {}
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Finds errors before it asks the engine, which would print them.
    void connect() {
        GDExtensionObjectPtr const object = this->object();
        if (std::this_thread::get_id() != engine.main_thread)
            return fail(AsyncErrorCode::WrongThread);
        if (emitter == 0) return fail(AsyncErrorCode::NullObject);
        if (object == nullptr) return fail(AsyncErrorCode::EmitterFreed);
        engine.object_get_class_name(object, engine.library, Binding::bytes(class_name));
        const void* const name = Binding::bytes(signal);
        if (!ask(methods().has_signal, object, {name})) return fail(AsyncErrorCode::UnknownSignal);
        // Not ONE_SHOT: an emission on another thread could end the connection while we do.
        const std::int64_t flags = 0;
        std::int64_t result = 0;
        Temporary<GDEXTENSION_VARIANT_TYPE_CALLABLE> callable;
        make_callable(callable.bytes());
        call(methods().connect, object, &result, {name, callable.bytes(), &flags});
    }

    /// Ends the connection, if there still is one. Called when the result is taken, or when the
    /// awaiter ends. Threads: main thread.
    void disconnect() {
        // acquire pairs with release(): what the engine's callable did is visible.
        if (counts_.load(std::memory_order_acquire) == 1) return;
        GDExtensionObjectPtr const from = object();
        if (from == nullptr) return;
        const Count keep(from);  // it may be dropped on another thread while we look at it
        if (!keep.held()) return;
        Temporary<GDEXTENSION_VARIANT_TYPE_CALLABLE> ours;
        make_callable(ours.bytes());
        const void* const name = Binding::bytes(signal);
        // A script may have ended it; otherwise only we do.
        if (ask(methods().has_signal, from, {name}) &&
            ask(methods().is_connected, from, {name, ours.bytes()}))
            call(methods().disconnect, from, nullptr, {name, ours.bytes()});
    }

    /// Called when the awaiter ends.
    void leave() {
        if (meeting.leave() == OneShot::Left::Ended) clear();
        disconnect();
        release();
    }

    void fail(AsyncErrorCode why) noexcept {
        if (!meeting.claim()) return;
        error = why;
        meeting.finish();
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] Variant& argument(std::size_t index) noexcept { return data()[index]; }

    /// "'opened' of a Node3D"
    [[nodiscard]] std::string detail() const {
        const std::string of = text_of_name(Binding::bytes(class_name));
        const std::string name = "'" + text_of_name(Binding::bytes(signal)) + "' of ";
        if (emitter == 0) return name + "null";
        return name + (of.empty() ? "a freed object" : "a " + of);
    }
    [[nodiscard]] std::string name() const { return "signal " + detail(); }

    OneShot meeting;
    const std::uint64_t emitter;
    typename Binding::StringName signal;
    typename Binding::StringName class_name;
    std::optional<AsyncErrorCode> error;

private:
    ~Node() = default;

    void release() noexcept {
        // acq_rel: the last release pairs with all earlier ones before the memory goes.
        if (counts_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    [[nodiscard]] GDExtensionObjectPtr object() const {
        return emitter == 0 ? nullptr : engine.object_get_instance_from_id(emitter);
    }
    [[nodiscard]] Variant* data() noexcept {
        return reinterpret_cast<Variant*>(spilled_ ? spilled_.get() : in_place_);
    }
    void clear() noexcept { std::destroy_n(data(), std::exchange(count_, 0)); }

    // To the engine, all callables of a node are equal: it compares function and userdata.
    void make_callable(void* to) {
        counts_.fetch_add(1, std::memory_order_relaxed);  // the awaiter's own count keeps us
        GDExtensionCallableCustomInfo2 info{};
        info.callable_userdata = this;
        info.token = engine.library;
        info.call_func = [](void* self, const GDExtensionConstVariantPtr* arguments,
                            GDExtensionInt count, GDExtensionVariantPtr,
                            GDExtensionCallError* call_error) noexcept {
            *call_error = {GDEXTENSION_CALL_OK, 0, 0};
            static_cast<Node*>(self)->emitted(arguments, static_cast<std::size_t>(count));
            comes_before(self);  // the engine counts the copies: free_func runs after all calls
        };
        info.free_func = [](void* self) noexcept {
            comes_after(self);
            // The connection had the only copy, so there will be no more calls.
            static_cast<Node*>(self)->fail(AsyncErrorCode::EmitterFreed);
            static_cast<Node*>(self)->release();
        };
        info.to_string_func = [](void* self, GDExtensionBool* is_valid,
                                 GDExtensionStringPtr out) noexcept {
            const std::string text = "co_await " + static_cast<Node*>(self)->name();
            engine.variant_get_ptr_destructor(GDEXTENSION_VARIANT_TYPE_STRING)(out);
            engine.string_new_with_utf8_chars_and_len2(out, text.data(),
                                                       static_cast<GDExtensionInt>(text.size()));
            *is_valid = 1;
        };
        engine.callable_custom_create2(to, &info);
    }

    void emitted(const GDExtensionConstVariantPtr* arguments, std::size_t count) noexcept {
        std::unique_ptr<std::byte[]> room;  // before the claim, which must be finished
        if (count > kInPlace) {
            room.reset(new (std::nothrow) std::byte[count * sizeof(Variant)]);
            // Out of memory: the emission is lost, and so is the wait.
            if (!room) return fail(AsyncErrorCode::EmitterFreed);
        }
        if (!meeting.claim()) return;
        spilled_ = std::move(room);
        const bool here = std::this_thread::get_id() == engine.main_thread;
        for (std::size_t i = 0; i < count; ++i) {
            if (!here && !may_leave_its_thread(arguments[i])) {
                error = AsyncErrorCode::NotSendable;
                clear();
                break;
            }
            std::construct_at(data() + i);
            ++count_;
            copy(Binding::bytes(data()[i]), arguments[i], here);
        }
        if (!meeting.finish()) clear();
    }

    std::atomic<std::uint32_t> counts_{1};  // the awaiter, and each callable in the engine
    std::size_t count_ = 0;
    std::unique_ptr<std::byte[]> spilled_;
    alignas(Variant) std::byte in_place_[kInPlace * sizeof(Variant)];
};

template <class Binding, class T>
GDExtensionVariantType variant_type_of() {
    if constexpr (std::is_pointer_v<T>) {
        return GDEXTENSION_VARIANT_TYPE_OBJECT;
    } else {
        static const GDExtensionVariantType kType = [] {
            const typename Binding::Variant sample{T{}};
            return engine.variant_get_type(Binding::bytes(sample));
        }();
        return kType;
    }
}

inline std::string type_name(GDExtensionVariantType type) {
    TemporaryString name;
    engine.variant_get_type_name(type, name.bytes());
    return name.utf8();
}

/// Nothing if the value does not fit.
template <class Binding, class T>
std::optional<T> convert(typename Binding::Variant& from) {
    using Object = typename Binding::Object;
    if constexpr (std::is_same_v<T, typename Binding::Variant>) {
        return std::move(from);
    } else {
        if (!engine.variant_can_convert_strict(engine.variant_get_type(Binding::bytes(from)),
                                               variant_type_of<Binding, T>()))
            return std::nullopt;
        if constexpr (std::is_pointer_v<T> && !std::is_same_v<T, Object*>) {
            auto* const object = static_cast<Object*>(from);
            T const wanted = Binding::template cast<std::remove_pointer_t<T>>(object);
            if (object != nullptr && wanted == nullptr) return std::nullopt;
            return wanted;
        } else {
            return static_cast<T>(from);
        }
    }
}

template <class Binding>
typename Binding::Variant as_one_variant(Node<Binding>& node) {
    using Variant = typename Binding::Variant;
    Variant all;
    if (node.size() == 1) return std::move(node.argument(0));
    if (node.size() == 0) return all;
    Temporary<GDEXTENSION_VARIANT_TYPE_ARRAY> array;
    engine.variant_get_ptr_constructor(GDEXTENSION_VARIANT_TYPE_ARRAY, 0)(array.bytes(), nullptr);
    for (std::size_t i = 0; i < node.size(); ++i) {
        const void* const argument = Binding::bytes(node.argument(i));
        methods().append(array.bytes(), &argument, nullptr, 1);
    }
    engine.variant_destroy(Binding::bytes(all));
    engine.get_variant_from_type_constructor(GDEXTENSION_VARIANT_TYPE_ARRAY)(Binding::bytes(all),
                                                                             array.bytes());
    return all;
}

template <class Binding, class... Args>
struct Value {
    using Type = std::tuple<Args...>;
};
template <class Binding, class Arg>
struct Value<Binding, Arg> {
    using Type = Arg;
};
template <class Binding>
struct Value<Binding> {
    using Type = void;
};
template <class Binding>
struct Value<Binding, AnyArguments> {
    using Type = typename Binding::Variant;
};

/// An optional of the value; for void, a bool. Objects that died since the emission are null.
template <class Binding, class... Args, std::size_t... kIndex>
auto value_of(Node<Binding>& node, std::index_sequence<kIndex...>) {
    for (std::size_t i = 0; i < node.size(); ++i) {
        void* const argument = Binding::bytes(node.argument(i));
        if (engine.variant_get_type(argument) == GDEXTENSION_VARIANT_TYPE_OBJECT &&
            engine.object_get_instance_from_id(engine.variant_get_object_instance_id(argument)) ==
                nullptr)
            node.argument(i) = typename Binding::Variant();
    }
    using Given = typename Value<Binding, Args...>::Type;
    if constexpr (std::is_same_v<std::tuple<Args...>, std::tuple<AnyArguments>>) {
        return std::optional<Given>(as_one_variant(node));
    } else if constexpr (sizeof...(Args) == 0) {
        return node.size() == 0;
    } else {
        std::optional<Given> value;
        if (node.size() != sizeof...(Args)) return value;
        std::tuple<std::optional<Args>...> converted{
            convert<Binding, Args>(node.argument(kIndex))...};
        if ((std::get<kIndex>(converted) && ...))
            value.emplace(*std::move(std::get<kIndex>(converted))...);
        return value;
    }
}

template <class Binding, class... Args>
std::string mismatch(Node<Binding>& node) {
    std::string came;
    for (std::size_t i = 0; i < node.size(); ++i)
        came += (came.empty() ? "" : ", ") +
                type_name(engine.variant_get_type(Binding::bytes(node.argument(i))));
    std::string wanted;
    if constexpr (!std::is_same_v<std::tuple<Args...>, std::tuple<AnyArguments>>)
        ((wanted += (wanted.empty() ? "" : ", ") + type_name(variant_type_of<Binding, Args>())),
         ...);
    return node.name() + " was emitted with (" + came + ") instead of (" + wanted + ")";
}

}  // namespace detail

// Without exceptions, every wait returns an Outcome.
#if defined(__cpp_exceptions)
inline constexpr bool kWaitsThrow = true;
#else
inline constexpr bool kWaitsThrow = false;
#endif

/// Waits for one emission. Made by Await<Binding>::signal(); connects at once; await it once. What
/// nebula/godot/runtime/signal_wait.hpp says about its waits also holds here.
///
/// Threads:   main thread; made on another thread, it ends at once with WrongThread.
/// Cost:      one engine connection. Nothing of ours allocates.
/// Lifetime:  does not keep the emitter alive: if the emitter is freed, the wait ends.
/// Throws:    at the co_await, unless it is fallible: EmitterFreed, NullObject, UnknownSignal,
///            ArgumentMismatch, NotSendable, WrongThread.
template <class Binding, bool kThrows, class... Args>
class [[nodiscard]] SignalWait : public Wait {
public:
    using Value = typename detail::Value<Binding, Args...>::Type;
    using Result = std::conditional_t<kThrows, Value, Outcome<Value>>;

    explicit SignalWait(detail::Node<Binding>* connected) noexcept
        : Wait("signal", detail_of), node_(connected) {}
    SignalWait(SignalWait&& other) noexcept : SignalWait(other.release()) {}
    ~SignalWait() {
        if (node_ != nullptr) node_->leave();
    }

    bool await_ready() const noexcept { return node_->meeting.ended(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return node_->meeting.listen(suspend(h));
    }
    void stop_waiting() noexcept { node_->meeting.stop_listening(); }
    Result await_resume() {
        node_->disconnect();
        std::optional<AsyncErrorCode> error = node_->error;
        auto value = detail::value_of<Binding, Args...>(*node_, std::index_sequence_for<Args...>{});
        if (!error && !value) error = AsyncErrorCode::ArgumentMismatch;
        if constexpr (kThrows) {
            if (error)
                throw_async_error(*error, node_->error
                                              ? node_->name()
                                              : detail::mismatch<Binding, Args...>(*node_));
            if constexpr (!std::is_void_v<Value>) return *std::move(value);
        } else {
            if (error) return tl::unexpected(*error);
            if constexpr (std::is_void_v<Value>) {
                return {};
            } else {
                return *std::move(value);
            }
        }
    }

    [[nodiscard]] detail::Node<Binding>* release() noexcept {
        return std::exchange(node_, nullptr);
    }

private:
    static std::string detail_of(const Wait& wait) {
        return static_cast<const SignalWait&>(wait).node_->detail();
    }

    detail::Node<Binding>* node_;
};

/// The waits of one binding.
///
///     using Await = nebula::adapter::Await<Godot>;
///     const int64_t damage = co_await Await::signal<int64_t>(player, "hit");
///     auto [slot, item] = co_await Await::signal<int64_t, Ref<Resource>>(Signal(bag, "picked"));
///     Outcome<void> closed = co_await Await::fallible(Await::signal(door, "closed"));
template <class Binding>
struct Await {
    using Signal = typename Binding::Signal;
    using Object = typename Binding::Object;
    using StringName = typename Binding::StringName;

    template <class... Args>
    static SignalWait<Binding, kWaitsThrow, Args...> signal(const Object* emitter,
                                                            const StringName& name) {
        GDExtensionObjectPtr const object = Binding::pointer(emitter);
        auto* const node = new detail::Node<Binding>(
            object == nullptr ? 0 : detail::engine.object_get_instance_id(object));
        node->signal = name;
        node->connect();
        return SignalWait<Binding, kWaitsThrow, Args...>(node);
    }
    template <class... Args>
    static SignalWait<Binding, kWaitsThrow, Args...> signal(const Signal& which) {
        void* const bytes = Binding::bytes(which);
        std::int64_t id = 0;
        detail::methods().signal_object(bytes, nullptr, &id, 0);
        auto* const node = new detail::Node<Binding>(static_cast<std::uint64_t>(id));
        detail::methods().signal_name(bytes, nullptr, Binding::bytes(node->signal), 0);
        node->connect();
        return SignalWait<Binding, kWaitsThrow, Args...>(node);
    }

    /// The same wait, but returns the error instead of throwing it.
    template <bool kThrows, class... Args>
    static SignalWait<Binding, false, Args...> fallible(
        SignalWait<Binding, kThrows, Args...>&& wait) {
        return SignalWait<Binding, false, Args...>(wait.release());
    }
};

/// Awaits the object that a script call returned, as GDScript does: the state of a coroutine until
/// the coroutine completes, which gives its value; any other object is returned at once.
template <class Binding>
class [[nodiscard]] ObjectWait : public Wait {
public:
    using Variant = typename Binding::Variant;
    using Object = typename Binding::Object;
    using Result = typename SignalWait<Binding, kWaitsThrow, AnyArguments>::Result;

    explicit ObjectWait(Object* object) : Wait("object"), object_(object) {
        GDExtensionObjectPtr const pointer = Binding::pointer(object);
        if (pointer == nullptr) return;
        detail::TemporaryString class_name;
        detail::call(detail::methods().get_class, pointer, class_name.bytes());
        if (class_name.utf8() != "GDScriptFunctionState") return;
        // We hold no reference: a coroutine's state is kept alive by what will resume it. When that
        // lets go, the state dies together with our connection, and the wait ends.
        state_.emplace(Await<Binding>::template signal<AnyArguments>(object, "completed"));
    }

    bool await_ready() const noexcept { return !state_ || state_->await_ready(); }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return state_->await_suspend(h);
    }
    void stop_waiting() noexcept {
        if (state_) state_->stop_waiting();
    }
    Result await_resume() {
        if (!state_) return object_ == nullptr ? Variant() : Variant(object_);
        return state_->await_resume();
    }

private:
    Object* object_;
    std::optional<SignalWait<Binding, kWaitsThrow, AnyArguments>> state_;
};

/// A base for a specialisation of nebula::AwaitAs: `co_await Signal(door, "opened")` returns a
/// Variant, for any arguments.
template <class Binding>
struct AwaitSignal {
    static auto make(const typename Binding::Signal& which) {
        return Await<Binding>::template signal<AnyArguments>(which);
    }
};
/// The same for `co_await object`, see ObjectWait.
template <class Binding>
struct AwaitObject {
    static ObjectWait<Binding> make(typename Binding::Object* object) {
        return ObjectWait<Binding>(object);
    }
};

inline bool attach(GDExtensionInterfaceGetProcAddress get_proc_address,
                   GDExtensionClassLibraryPtr library) noexcept {
    bool all = true;
#define NEBULA_ADAPTER_LOAD(name, type)                                    \
    detail::engine.name = reinterpret_cast<type>(get_proc_address(#name)); \
    all = all && detail::engine.name != nullptr;
    NEBULA_ADAPTER_FUNCTIONS(NEBULA_ADAPTER_LOAD)
#undef NEBULA_ADAPTER_LOAD
    detail::engine.library = library;
    detail::engine.main_thread = std::this_thread::get_id();
    return all;
}
#undef NEBULA_ADAPTER_FUNCTIONS

}  // namespace nebula::adapter

// SPDX-License-Identifier: MIT
// The C callbacks the engine calls on our classes, and telling it about them.
#include "nebula/base/exception_text.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/class_db.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/node.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/extension_name.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/method_bind.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

std::vector<std::unique_ptr<ClassRecord>>& records() {
    static std::vector<std::unique_ptr<ClassRecord>> all;
    return all;
}

// Names of classes that somebody else had already.
std::vector<std::string>& left_out() {
    static std::vector<std::string> all;
    return all;
}

struct Singleton {
    std::string name;
    ObjectHandle object;
};
std::vector<Singleton>& singletons() {
    static std::vector<Singleton> all;
    return all;
}

ClassRecord* find_record(std::string_view name) {
    for (const auto& record : records())
        if (record->name == name) return record.get();
    return nullptr;
}

// --- What the engine calls: instances ------------------------------------------------------------

/// What the engine keeps for an object of ours, and hands back to every callback.
struct Instance {
    explicit Instance(const ClassRecord& record) noexcept : record(record) {}

    const ClassRecord& record;
    ObjectHandle* self = nullptr;
    // Whether the main thread has used it: until then the thread that builds it may set its
    // properties. Written by the main thread, read by any. Relaxed, it has no partner: it only tells
    // a mistake from a threaded load, and whoever hands the object over orders its data.
    std::atomic<bool> used_by_main{false};
    ObjectId departed_object;  // see departed
    Instance* next_departed = nullptr;
};

// Instances whose engine objects other threads destroy, the latest first. They wait for
// destroy_departed(). Any thread adds, the main thread takes all. What is not counted is added under
// the mutex, see DeparturesHeld. What is counted is not: its last reference may go inside a lock of
// the engine's that the main thread waits for while it holds the departures.
std::atomic<Instance*> departed{nullptr};
Mutex departures;
int departures_held = 0;  // how often, on the main thread

void add_departed(Instance* instance) noexcept {
    instance->next_departed = departed.load();
    while (!departed.compare_exchange_weak(instance->next_departed, instance)) {
    }
}

ObjectHandle* self_of(GDExtensionClassInstancePtr instance) {
    return instance == nullptr ? nullptr
                               : static_cast<Instance*>(instance)->self;  // null: a static method
}

// --- Which thread may call -----------------------------------------------------------------------

void note_use(Instance& instance) noexcept {
    if (!instance.used_by_main.load(std::memory_order_relaxed))
        instance.used_by_main.store(true, std::memory_order_relaxed);
}

bool is_in_tree(const Instance& instance) {
    return instance.record.is_node && Node(instance.self->ptr()).is_inside_tree();
}

bool is_being_built(const Instance& instance) noexcept {
    return !instance.used_by_main.load(std::memory_order_relaxed);
}

/// The one guard before each method, accessor and virtual method of every class of ours; a method
/// that more threads may call says so in bind(). `pointer` is null for a static method.
bool may_call(const MethodRecord& method, GDExtensionClassInstancePtr pointer) {
    if (method.threads == ThreadRule::AnyThread) return true;
    auto* const instance = static_cast<Instance*>(pointer);
    if (is_main_thread()) {
        if (instance != nullptr) note_use(*instance);
        return true;
    }
    if (method.threads == ThreadRule::MainThread || instance == nullptr || is_in_tree(*instance))
        return false;
    return is_being_built(*instance) ||
           (method.threads == ThreadRule::Reading && instance->record.is_node);
}

std::string refusal(const MethodRecord& method) {
    const bool is_accessor = method.threads != ThreadRule::MainThread;
    return method.context + " may only be called on the main thread" +
           (is_accessor ? " once the object is in use" : "") + ": use call_deferred(\"" +
           method.name + "\") in another thread";
}

// No callbacks: the binding only leads back to our instance, whose life free_instance ends.
constexpr GDExtensionInstanceBindingCallbacks kNoCallbacks{};

Instance* attach(const ClassRecord& record, GDExtensionObjectPtr object) {
    auto instance = std::make_unique<Instance>(record);
    if (is_main_thread()) note_use(*instance);
    instance->self = record.construct(Owner(object));
    engine.object_set_instance_binding(object, engine.library, instance.get(), &kNoCallbacks);
    record.instances.fetch_add(1, std::memory_order_relaxed);
    return instance.release();
}

GDExtensionObjectPtr create_instance(void* userdata, GDExtensionBool notify) {
    const auto& record = *static_cast<const ClassRecord*>(userdata);
    GDExtensionObjectPtr object = nullptr;
    try {
        // The engine's own part is of the nearest parent that is the engine's.
        const ClassRecord* native = &record;
        while (native->parent != nullptr) native = native->parent;
        object = engine.classdb_construct_object2(StringName(native->parent_name).data());
        Instance* const instance = attach(record, object);
        engine.object_set_instance(object, StringName(record.name).data(), instance);
        if (notify != 0) Object(object).notification(Object::NOTIFICATION_POSTINITIALIZE);
        return object;
    } catch (...) {
        report_current_exception(record.name + "'s constructor");
        if (object != nullptr) engine.object_destroy(object);
        return nullptr;
    }
}

GDExtensionClassInstancePtr recreate_instance(void* userdata, GDExtensionObjectPtr object) {
    const auto& record = *static_cast<const ClassRecord*>(userdata);
    try {
        return attach(record, object);
    } catch (...) {
        report_current_exception(record.name + "'s constructor, on reload");
        return nullptr;
    }
}

void destroy_instance(Instance* instance) noexcept {
    const ClassRecord& record = instance->record;
    record.destroy(instance->self);
    delete instance;
    record.instances.fetch_sub(1, std::memory_order_relaxed);
}

void free_instance(void* /*userdata*/, GDExtensionClassInstancePtr pointer) {
    auto* const instance = static_cast<Instance*>(pointer);
    if (instance == nullptr) return;  // it threw on reload
    if (is_main_thread() || instance->record.is_any_thread) return destroy_instance(instance);
    // The instance may be in lists of the main thread, and its destructor may end tasks.
    instance->departed_object = instance->self->id();
    if (instance->record.is_counted) return add_departed(instance);
    const MutexLock lock(departures);
    add_departed(instance);
}

void notify_along(const ClassRecord* record, ObjectHandle* self, int what, bool reversed) {
    if (record == nullptr) return;
    if (!reversed) notify_along(record->parent, self, what, reversed);
    if (record->notify != nullptr) {
        try {
            record->notify(self, what);
        } catch (...) {
            report_current_exception(record->name + "'s notification " + std::to_string(what));
        }
    }
    if (reversed) notify_along(record->parent, self, what, reversed);
}

// What the engine sends to nodes outside the tree while a thread builds, moves or frees a branch.
bool is_about_a_branch(std::int32_t what) {
    constexpr std::int32_t predelete_cleanup = 3;  // not in the engine's description of its classes
    switch (what) {
        case Object::NOTIFICATION_POSTINITIALIZE:
        case Object::NOTIFICATION_PREDELETE:
        case predelete_cleanup:
        case Node::NOTIFICATION_PARENTED:
        case Node::NOTIFICATION_UNPARENTED:
        case Node::NOTIFICATION_CHILD_ORDER_CHANGED:
        case Node::NOTIFICATION_PATH_RENAMED:
        case Node::NOTIFICATION_SCENE_INSTANTIATED:
            return true;
        default:
            return false;
    }
}

// On another thread than the main one.
bool may_notify(const Instance& instance, std::int32_t what) {
    if (!is_being_built(instance)) return false;
    return is_about_a_branch(what) || !is_in_tree(instance);
}

void refuse_notification(const Instance& instance, std::int32_t what) noexcept {
    try {
        print_error_at_caller(
            instance.record.name + " got notification " + std::to_string(what) +
                " on another thread than the main one, where it does nothing: " +
                (is_in_tree(instance)
                     ? "leave the node's process thread group at the main thread"
                     : "use call_deferred(\"notification\", ...) in another thread"),
            instance.record.name);
    } catch (...) {
        report_current_exception(instance.record.name);
    }
}

// Parents first, or last when reversed, as the engine does among its own classes.
void notify(GDExtensionClassInstancePtr pointer, std::int32_t what, GDExtensionBool reversed) {
    auto* const instance = static_cast<Instance*>(pointer);
    if (instance == nullptr) return;
    if (is_main_thread()) {
        note_use(*instance);
    } else if (!instance->record.is_any_thread && !may_notify(*instance, what)) {
        if (!is_about_a_branch(what)) refuse_notification(*instance, what);
        return;
    }
    notify_along(&instance->record, instance->self, what, reversed != 0);
}

// --- What the engine calls: methods --------------------------------------------------------------

constexpr std::size_t kMostArguments = 16;

Variant error_result(const MethodRecord& method, Error code, const std::string& why) noexcept {
    try {
        return method.error_result(code, why);
    } catch (...) {
        report_current_exception(method.context);
        return {};
    }
}

Variant refuse(const MethodRecord& method) {
    const std::string why = refusal(method);
    print_error_at_caller(why, method.context);
    return error_result(method, Error::ERR_UNAVAILABLE, why);
}

/// In a catch block.
Variant error_result_of_exception(const MethodRecord& method) {
    return error_result(method, Error::FAILED,
                        method.context + ": " + exception_text(std::current_exception()));
}

/// An error result into the slot of a typed call, which holds an empty value.
void give(const MethodRecord& method, Variant value, void* slot) {
    if (!method.has_result || slot == nullptr) return;
    switch (method.result.type) {
        case GDEXTENSION_VARIANT_TYPE_NIL:
            *static_cast<Variant*>(slot) = std::move(value);
            break;
        case GDEXTENSION_VARIANT_TYPE_INT:
            *static_cast<std::int64_t*>(slot) = value.to<std::int64_t>();
            break;
        case GDEXTENSION_VARIANT_TYPE_STRING:
            *static_cast<String*>(slot) = value.to<String>();
            break;
        case GDEXTENSION_VARIANT_TYPE_OBJECT:
            // Only what is counted is made for the purpose; the slot takes a count with it.
            if (auto object = value.try_to<Ref<RefCounted>>(); object && *object)
                *static_cast<GDExtensionObjectPtr*>(slot) = object->release();
            break;
        default:
            break;  // no message, no code: the empty value says it
    }
}

void call_method(void* userdata, GDExtensionClassInstancePtr self,
                 const GDExtensionConstVariantPtr* given, GDExtensionInt given_count,
                 GDExtensionVariantPtr result, GDExtensionCallError* error) {
    auto& method = *static_cast<MethodRecord*>(userdata);
    *error = {GDEXTENSION_CALL_OK, 0, 0};
    if (self == nullptr && !method.is_static()) {
        error->error = GDEXTENSION_CALL_ERROR_INSTANCE_IS_NULL;
        return;
    }
    const std::size_t wanted = method.arguments.size();
    const std::size_t optional = method.default_values.size();
    const auto count = static_cast<std::size_t>(given_count);
    if (count > wanted) {
        *error = {GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS, 0, static_cast<std::int32_t>(wanted)};
        return;
    }
    if (count + optional < wanted) {
        *error = {GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS, 0,
                  static_cast<std::int32_t>(wanted - optional)};
        return;
    }
    // A Variant of ours is the engine's bytes, so a pointer to one is a pointer to the other.
    const Variant* values[kMostArguments];
    std::transform(given, given + count, values,
                   [](GDExtensionConstVariantPtr v) { return static_cast<const Variant*>(v); });
    for (std::size_t i = count; i < wanted; ++i)
        values[i] = &method.default_values[i + optional - wanted];
    auto& out = *static_cast<Variant*>(result);
    if (!may_call(method, self)) {
        out = refuse(method);
        return;
    }
    try {
        out = method.call(self_of(self), {values, wanted}, *error);
    } catch (...) {
        report_current_exception(method.context);
        out = error_result_of_exception(method);
    }
}

// The result slot is already a constructed, empty value.
void ptrcall_method(void* userdata, GDExtensionClassInstancePtr self,
                    const GDExtensionConstTypePtr* arguments, GDExtensionTypePtr result) {
    auto& method = *static_cast<MethodRecord*>(userdata);
    if (!may_call(method, self)) {
        give(method, refuse(method), result);
        return;
    }
    try {
        if (self == nullptr && !method.is_static()) throw NullObjectError("called on null");
        method.ptrcall(self_of(self), arguments, result);
    } catch (...) {
        report_current_exception(method.context);
        give(method, error_result_of_exception(method), result);
    }
}

void* find_override(void* userdata, GDExtensionConstStringNamePtr name, std::uint32_t hash) {
    const auto& wanted = *static_cast<const StringName*>(name);
    for (auto* record = static_cast<const ClassRecord*>(userdata); record != nullptr;
         record = record->parent)
        for (const ClassRecord::Override& entry : record->overrides)
            if (entry.name == wanted && entry.hash == hash) return entry.method.get();
    return nullptr;
}

void call_override(GDExtensionClassInstancePtr self, GDExtensionConstStringNamePtr /*name*/,
                   void* method, const GDExtensionConstTypePtr* arguments,
                   GDExtensionTypePtr result) {
    ptrcall_method(method, self, arguments, result);
}

// --- Telling the engine --------------------------------------------------------------------------

/// The engine's description of typed values, and the names it points at.
class PropertyInfos {
public:
    explicit PropertyInfos(const std::vector<TypedName>& values) {
        for (const TypedName& value : values) add(value);
    }
    explicit PropertyInfos(const TypedName& value) { add(value); }

    GDExtensionPropertyInfo* data() { return infos_.data(); }
    GDExtensionClassMethodArgumentMetadata* meta() { return meta_.data(); }

private:
    void add(const TypedName& value) {
        Texts& texts = texts_.emplace_back();
        texts.name = StringName(value.name);
        texts.class_name = StringName(engine_name(value.class_name));
        Hint hint = value.hint;
        if (value.type == GDEXTENSION_VARIANT_TYPE_OBJECT && hint.hint == 0)
            hint = hint_of_class(value, hint);
        texts.hint = String(hint.text);
        std::uint32_t usage = hint.usage;
        if (value.is_any)
            usage |= static_cast<std::uint32_t>(PropertyUsageFlags::PROPERTY_USAGE_NIL_IS_VARIANT);
        if (value.is_enum())
            usage |= static_cast<std::uint32_t>(PropertyUsageFlags::PROPERTY_USAGE_CLASS_IS_ENUM);
        infos_.push_back({value.type, texts.name.data(), texts.class_name.data(), hint.hint,
                          texts.hint.data(), usage});
        meta_.push_back(value.meta);
    }
    // An object property that says no more is a resource or a node picked by its class.
    static Hint hint_of_class(const TypedName& value, const Hint& plain) {
        const std::string class_name = engine_name(value.class_name);
        const StringName name(class_name);
        const auto is_a = [&](const char* parent) {
            return class_name == parent || ClassDB::singleton().is_parent_class(name, parent);
        };
        Hint found = is_a("Resource") ? Hint::resource_type(class_name)
                     : is_a("Node")   ? Hint::node_type(class_name)
                                      : plain;
        found.usage = plain.usage;
        return found;
    }

    struct Texts {
        StringName name, class_name;
        String hint;
    };
    std::deque<Texts> texts_;  // a deque: the infos point into it
    std::vector<GDExtensionPropertyInfo> infos_;
    std::vector<GDExtensionClassMethodArgumentMetadata> meta_;
};

void register_methods(const ClassRecord& record) {
    const StringName class_name(record.name);
    for (const auto& method : record.methods) {
        const StringName name(method->name);
        PropertyInfos arguments(method->arguments);
        PropertyInfos result(method->result);
        std::vector<GDExtensionVariantPtr> defaults;
        for (Variant& value : method->default_values) defaults.push_back(value.data());
        GDExtensionClassMethodInfo info{};
        info.name = const_cast<void*>(name.data());
        info.method_userdata = method.get();
        info.call_func = call_method;
        info.ptrcall_func = ptrcall_method;
        info.method_flags = method->flags;
        info.has_return_value = method->has_result ? 1 : 0;
        info.return_value_info = result.data();
        info.return_value_metadata = *result.meta();
        info.argument_count = static_cast<std::uint32_t>(method->arguments.size());
        info.arguments_info = arguments.data();
        info.arguments_metadata = arguments.meta();
        info.default_argument_count = static_cast<std::uint32_t>(defaults.size());
        info.default_arguments = defaults.data();
        engine.classdb_register_extension_class_method(engine.library, class_name.data(), &info);
    }
    for (const ClassRecord::ScriptVirtual& method : record.script_virtuals) {
        const StringName name(method.name);
        PropertyInfos arguments(method.arguments);
        PropertyInfos result(method.result);
        GDExtensionClassVirtualMethodInfo info{};
        info.name = const_cast<void*>(name.data());
        info.method_flags = GDEXTENSION_METHOD_FLAG_VIRTUAL;
        info.return_value = *result.data();
        info.return_value_metadata = *result.meta();
        info.argument_count = static_cast<std::uint32_t>(method.arguments.size());
        info.arguments = arguments.data();
        info.arguments_metadata = arguments.meta();
        engine.classdb_register_extension_class_virtual_method(engine.library, class_name.data(),
                                                               &info);
    }
}

void register_members(const ClassRecord& record) {
    const StringName class_name(record.name);
    for (const ClassRecord::Member& member : record.members) {
        if (member.kind == ClassRecord::Member::Kind::Property) {
            PropertyInfos info(member.property);
            engine.classdb_register_extension_class_property(
                engine.library, class_name.data(), info.data(), StringName(member.setter).data(),
                StringName(member.getter).data());
        } else {
            const auto tell = member.kind == ClassRecord::Member::Kind::Group
                                  ? engine.classdb_register_extension_class_property_group
                                  : engine.classdb_register_extension_class_property_subgroup;
            tell(engine.library, class_name.data(), String(member.text).data(),
                 String(member.prefix).data());
        }
    }
    for (const ClassRecord::SignalEntry& signal : record.signals) {
        PropertyInfos infos(signal.arguments);
        engine.classdb_register_extension_class_signal(
            engine.library, class_name.data(), StringName(signal.name).data(), infos.data(),
            static_cast<GDExtensionInt>(signal.arguments.size()));
    }
    for (const ClassRecord::Constant& constant : record.constants) {
        engine.classdb_register_extension_class_integer_constant(
            engine.library, class_name.data(), StringName(constant.enumeration).data(),
            StringName(constant.name).data(), constant.value, 0);
    }
}

bool listens(const ClassRecord* record) {
    return record != nullptr && (record->notify != nullptr || listens(record->parent));
}

void register_itself(ClassRecord& record) {
    GDExtensionClassCreationInfo5 info{};
    info.is_abstract = record.is_abstract ? 1 : 0;
    info.is_exposed = record.is_internal ? 0 : 1;
    info.is_runtime = record.is_runtime ? 1 : 0;
    info.create_instance_func = create_instance;
    info.free_instance_func = free_instance;
    info.recreate_instance_func = recreate_instance;
    info.get_virtual_call_data_func = find_override;
    info.call_virtual_with_data_func = call_override;
    if (listens(&record)) info.notification_func = notify;
    info.class_userdata = &record;
    engine.classdb_register_extension_class5(engine.library, StringName(record.name).data(),
                                             StringName(record.parent_name).data(), &info);
}

// Mistakes the engine would print about one by one, or not at all.
void check(const ClassRecord& record) {
    const auto fail = [&](const std::string& what) {
        throw std::logic_error(record.name + ": " + what);
    };
    if (find_record(record.name) != nullptr) fail("registered twice");
    if (record.is_resource && !record.is_any_thread)
        fail("a resource must be any_thread(): the engine saves and copies resources on threads");
    std::set<std::string> names;
    for (const auto& method : record.methods) {
        if (!names.insert(method->name).second) fail("two methods are called " + method->name);
        if (method->arguments.size() > kMostArguments)
            fail(method->name + " has too many arguments");
        if (method->default_values.size() > method->arguments.size())
            fail(method->name + " has more defaults than arguments");
        for (const TypedName& argument : method->arguments)
            if (argument.name.empty()) fail(method->name + " has an argument without a name");
    }
}

}  // namespace

namespace detail {

ObjectHandle* own_instance(GDExtensionObjectPtr object, const char* class_name) {
    if (object == nullptr) return nullptr;
    const auto* instance =
        static_cast<Instance*>(engine.object_get_instance_binding(object, engine.library, nullptr));
    if (instance == nullptr) return nullptr;
    if (is_main_thread()) note_use(*const_cast<Instance*>(instance));
    // The engine's own cast will not do: to it, a class of ours is its nearest parent of the
    // engine's.
    for (const ClassRecord* record = &instance->record; record != nullptr; record = record->parent)
        if (record->cpp_name == class_name) return instance->self;
    return nullptr;
}

DeparturesHeld::DeparturesHeld() noexcept {
    if (departures_held++ == 0) departures.lock();
}
DeparturesHeld::~DeparturesHeld() {
    if (--departures_held == 0) departures.unlock();
}

bool DeparturesHeld::has_departed(ObjectId id) const noexcept {
    for (const Instance* each = departed.load(); each != nullptr; each = each->next_departed)
        if (each->departed_object == id) return true;
    return false;
}

bool may_register_singleton(const char* name, const char* class_name) {
    if (find_record(engine_name(class_name)) == nullptr)
        return false;  // told when the class was left out
    if (!Engine::singleton().has_singleton(StringName(name))) return true;
    print_error(extension_name() + std::string("'s singleton ") + name +
                " is left out: another extension already has a singleton of that name. Remove that "
                "extension from the project, or do without this singleton; the rest of " +
                extension_name() + " works.");
    return false;
}

GDExtensionObjectPtr construct_internal(const char* class_name) {
    ClassRecord* const record = find_record(engine_name(class_name));
    return record != nullptr && record->is_internal ? create_instance(record, 1) : nullptr;
}

void keep_singleton(const char* name, const ObjectHandle& object) {
    Engine::singleton().register_singleton(name, Object(object.ptr()));
    singletons().push_back({name, object});
}

}  // namespace detail

bool register_record(std::unique_ptr<ClassRecord> record) {
    check(*record);
    if (std::ranges::find(left_out(), record->parent_name) != left_out().end()) {
        print_error(extension_name() + ("'s class " + record->name) +
                    " is left out, because its parent " + record->parent_name + " is.");
        left_out().push_back(record->name);
        return false;
    }
    if (ClassDB::singleton().class_exists(StringName(record->name))) {
        const std::string us = extension_name();
        print_error(us + "'s class " + record->name +
                    " is left out: another extension, or the engine itself, already has a class of "
                    "that name. To use " +
                    us + "'s, remove the other extension from the project. The rest of " + us +
                    " works.");
        left_out().push_back(record->name);
        return false;
    }
    record->parent = find_record(record->parent_name);
    if (record->parent == nullptr &&
        !ClassDB::singleton().class_exists(StringName(record->parent_name)))
        throw std::logic_error(record->name + ": its parent " + record->parent_name +
                               " is not registered");
    register_itself(*record);
    register_methods(*record);
    register_members(*record);
    records().push_back(std::move(record));
    return true;
}

const std::vector<std::unique_ptr<ClassRecord>>& registered_classes() noexcept { return records(); }

void destroy_departed(Departed which) noexcept {
    if (departed.load() == nullptr) return;
    Instance* latest = departed.exchange(nullptr);
    Instance* first = nullptr;
    while (latest != nullptr) {  // in the order in which they departed
        Instance* const before = std::exchange(latest->next_departed, first);
        first = std::exchange(latest, before);
    }
    while (first != nullptr) {
        Instance* const instance = std::exchange(first, first->next_departed);
        // The other thread may still be inside the object's destructor.
        if (which == Departed::Gone && instance->departed_object.is_alive())
            add_departed(instance);
        else
            destroy_instance(instance);
    }
}

void unregister_classes() noexcept {
    while (!records().empty()) {
        const ClassRecord& last = *records().back();
        engine.classdb_unregister_extension_class(engine.library, StringName(last.name).data());
        const std::int64_t left = last.instances.load(std::memory_order_relaxed);
        if (left != 0) {
            print_warning(std::to_string(left) + " objects of " + last.name +
                          " outlive the extension; the engine crashes when one is used or freed");
        }
        records().pop_back();
    }
    left_out().clear();
}

void unregister_singletons() noexcept {
    while (!singletons().empty()) {
        const Singleton last = std::move(singletons().back());
        singletons().pop_back();
        Engine::singleton().unregister_singleton(last.name);
        destroy(last.object);
    }
}

std::optional<Variant> call_script(const ObjectHandle& self, const StringName& method,
                                   const VarArgs& arguments) {
    if (engine.object_has_script_method(self.ptr(), method.data()) == 0) return std::nullopt;
    const ArgumentPointers pointers({}, arguments);
    Variant result;
    GDExtensionCallError error{};
    engine.variant_destroy(result.data());  // the engine constructs it
    engine.object_call_script_method(self.ptr(), method.data(), pointers.data(), pointers.count(),
                                     result.data(), &error);
    throw_if_failed(error, "script", method.utf8());
    return result;
}

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
#include "tests/godot/probe/probe.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/node_3d.hpp"
#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/api/scene_tree.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/lifecycle.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

// What the tests ask about after the fact. Written on any thread; each stands for itself, so
// relaxed would do, but nobody counts nanoseconds here.
std::atomic<int> closures_alive{0};
std::atomic<int> closures_destroyed{0};
std::atomic<int> instances_alive{0};
int startups = 0;
int frames = 0;

/// Counts its own life, as what a closure holds would have one.
struct Tracked {
    Tracked() { ++closures_alive; }
    Tracked(Tracked&& other) noexcept : counts(std::exchange(other.counts, false)) {}
    Tracked& operator=(Tracked&&) = delete;
    Tracked(const Tracked&) = delete;
    Tracked& operator=(const Tracked&) = delete;
    ~Tracked() {
        if (!counts) return;
        --closures_alive;
        ++closures_destroyed;
    }
    bool counts = true;
};

class NebulaProbeNode : public Extension<Node3D> {
public:
    static constexpr const char* kClassName = "NebulaProbeNode";
    explicit NebulaProbeNode(Owner owner) : Extension(owner) { ++instances_alive; }
    ~NebulaProbeNode() { --instances_alive; }

    static void bind(ClassBuilder<NebulaProbeNode>& c) {
        c.doc("A node that counts what the engine calls on it.");
        c.virtual_method(Node::Virtuals::ready, &NebulaProbeNode::ready);
        c.virtual_method(Node::Virtuals::process, &NebulaProbeNode::process);
        c.virtual_method(Node::Virtuals::get_configuration_warnings, &NebulaProbeNode::warnings);
        c.notification<&NebulaProbeNode::on_notification>();
        c.method("ready_calls", &NebulaProbeNode::ready_calls);
        c.method("process_seconds", &NebulaProbeNode::process_seconds);
        c.method("notifications_of", &NebulaProbeNode::notifications_of, {"what"});
        c.method("compute", &NebulaProbeNode::compute, {"input"})
            .doc("Calls _compute of the script, or doubles.");
        c.script_virtual<std::int64_t(std::int64_t)>("_compute", {"input"});
        c.group("Streaming");
        c.property("view_distance", &NebulaProbeNode::view_distance,
                   &NebulaProbeNode::set_view_distance, Hint::range(32, 1024, 0.5, "suffix:m"),
                   "How far one sees, <here> & there.");
        c.subgroup("Look", "look_");
        c.property("look_material", &NebulaProbeNode::material, &NebulaProbeNode::set_material);
        c.property("notes", &NebulaProbeNode::notes, &NebulaProbeNode::set_notes,
                   Hint::multiline());
        c.property("mode", &NebulaProbeNode::mode, &NebulaProbeNode::set_mode,
                   Hint::names("Calm,Wild"));
        c.property("target", &NebulaProbeNode::target, &NebulaProbeNode::set_target);
        c.read_only_property("age", &NebulaProbeNode::age);
        c.signal("measured", {argument<std::int64_t>("count"), argument<Vector3>("where"),
                              argument<Node3D>("who")});
        c.method("emit_measured", &NebulaProbeNode::emit_measured, {"count"});
        c.constant("MOST", 42);
        c.enumeration("Mode", {{"MODE_CALM", 0}, {"MODE_WILD", 1}});
    }

    void ready() { ++ready_calls_; }
    void process(double seconds) { process_seconds_ += seconds; }
    PackedStringArray warnings() const { return {"nothing to warn of"}; }
    void on_notification(int what) {
        notified_[what] = notified_.get(what, 0).to<std::int64_t>() + 1;
    }

    std::int64_t ready_calls() const { return ready_calls_; }
    double process_seconds() const { return process_seconds_; }
    std::int64_t notifications_of(std::int64_t what) const {
        return notified_.get(what, 0).to<std::int64_t>();
    }
    std::int64_t compute(std::int64_t input) {
        if (auto answer = call_script(*this, "_compute", {input}))
            return answer->to<std::int64_t>();
        return input * 2;
    }
    void emit_measured(std::int64_t count) {
        emit_signal("measured", {count, get_position(), *this});
    }

    double view_distance() const { return view_distance_; }
    void set_view_distance(double metres) { view_distance_ = metres; }
    Ref<Resource> material() const { return material_; }
    void set_material(const Ref<Resource>& material) { material_ = material; }
    std::string notes() const { return notes_; }
    void set_notes(const std::string& notes) { notes_ = notes; }
    std::int32_t mode() const { return mode_; }
    void set_mode(std::int32_t mode) { mode_ = mode; }
    Node3D target() const { return cast_to<Node3D>(target_.object()); }
    void set_target(Node3D target) { target_ = target.id(); }
    double age() const { return 7.5; }

private:
    std::int64_t ready_calls_ = 0;
    double process_seconds_ = 0;
    Dictionary notified_;
    double view_distance_ = 256;
    Ref<Resource> material_;
    std::string notes_;
    std::int32_t mode_ = 0;
    ObjectId target_;
};

/// A class of ours with a parent of ours.
class NebulaProbeChild : public Extension<NebulaProbeNode> {
public:
    static constexpr const char* kClassName = "NebulaProbeChild";
    using Extension::Extension;

    static void bind(ClassBuilder<NebulaProbeChild>& c) {
        c.notification<&NebulaProbeChild::on_child_notification>();
        c.method("child_ready_notifications", &NebulaProbeChild::child_ready_notifications);
    }
    void on_child_notification(int what) {
        if (what == NOTIFICATION_READY) ++child_ready_;
    }
    std::int64_t child_ready_notifications() const { return child_ready_; }

private:
    std::int64_t child_ready_ = 0;
};

class NebulaProbeResource : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "NebulaProbeResource";
    explicit NebulaProbeResource(Owner owner) : Extension(owner) { ++instances_alive; }
    ~NebulaProbeResource() { --instances_alive; }

    static void bind(ClassBuilder<NebulaProbeResource>& c) {
        c.any_thread();
        c.virtual_method(Resource::Virtuals::get_rid, &NebulaProbeResource::own_rid);
        c.property("octaves", &NebulaProbeResource::octaves, &NebulaProbeResource::set_octaves,
                   Hint::range(1, 8));
    }
    RID own_rid() {
        if (octaves_ > 8) throw std::runtime_error("no RID for so many octaves");
        return {static_cast<std::uint64_t>(octaves_) + 1000};
    }
    std::int64_t octaves() const { return octaves_; }
    void set_octaves(std::int64_t octaves) { octaves_ = octaves; }

private:
    std::atomic<std::int64_t> octaves_{4};
};

class NebulaProbeThrower : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaProbeThrower";
    explicit NebulaProbeThrower(Owner owner) : Extension(owner) {
        throw std::runtime_error("no such instance today");
    }
    static void bind(ClassBuilder<NebulaProbeThrower>&) {}
};

class NebulaProbeSingleton : public Extension<Object> {
public:
    static constexpr const char* kClassName = "NebulaProbeSingleton";
    using Extension::Extension;

    static void bind(ClassBuilder<NebulaProbeSingleton>& c) {
        c.method("closures_alive", &NebulaProbeSingleton::closures_alive_now);
        c.method("closures_destroyed", &NebulaProbeSingleton::closures_destroyed_so_far);
        c.method("callables_alive", &NebulaProbeSingleton::callables_alive);
        c.method("instances_alive", &NebulaProbeSingleton::instances_alive_now);
        c.method("startups", &NebulaProbeSingleton::startup_count);
        c.method("frames", &NebulaProbeSingleton::frame_count);
        c.method("docs_of", &NebulaProbeSingleton::docs_of, {"class_name"});
    }
    int closures_alive_now() { return closures_alive; }
    int closures_destroyed_so_far() { return closures_destroyed; }
    std::int64_t callables_alive() { return live_callables(); }
    int instances_alive_now() { return instances_alive; }
    int startup_count() { return startups; }
    int frame_count() { return frames; }
    std::string docs_of(const std::string& name) {
        for (const auto& record : registered_classes())
            if (record->name == name) return class_docs(*record);
        return "";
    }
};

class NebulaBindingProbe : public Extension<RefCounted> {
public:
    static constexpr const char* kClassName = "NebulaBindingProbe";
    explicit NebulaBindingProbe(Owner owner) : Extension(owner) { ++instances_alive; }
    ~NebulaBindingProbe() { --instances_alive; }

    template <class T>
    T echo(T value) {
        return value;
    }

    static void bind(ClassBuilder<NebulaBindingProbe>& c) {
        bind_echoes(c);
        using P = NebulaBindingProbe;
        c.method("add", &P::add, {"a", "b"}).defaults(1);
        c.method("describe", &P::describe, {"a", "b", "c"}).defaults("b", 1.5);
        c.method("twice", &P::twice, {"value"});
        c.method("throw_int", &P::throw_int, {"message"});
        c.method("throw_odd", &P::throw_odd);
        c.method("throw_transform", &P::throw_transform);
        c.method("throw_list", &P::throw_list);
        c.method("call_on_null", &P::call_on_null);
        c.method("read_beyond", &P::read_beyond, {"list", "index"});

        c.method("make_resource", &P::make_resource);
        c.method("make_own_resource", &P::make_own_resource);
        c.method("make_node", &P::make_node);
        c.method("hold", &P::hold, {"resource"});
        c.method("held", &P::held);
        c.method("copies_of_held", &P::copies_of_held, {"count"});
        c.method("octaves_of", &P::octaves_of, {"resource"});
        c.method("name_of", &P::name_of, {"node"});
        c.method("as_node_3d", &P::as_node_3d, {"object"});
        c.method("own_node", &P::own_node, {"node"});
        c.method("remember", &P::remember, {"object"});
        c.method("remembered_is_alive", &P::remembered_is_alive);

        c.method("sum", &P::sum, {"values"});
        c.method("doubled", &P::doubled, {"values"});
        c.method("swapped", &P::swapped, {"map"});
        c.method("first_of_nested", &P::first_of_nested, {"list"});
        c.method("engine_ticks", &P::engine_ticks);
        c.method("log_line", &P::log_line, {"level", "line"});

        c.method("make_callable", &P::make_adder, {"base", "owner"});
        c.method("make_thrower", &P::make_thrower);
        c.method("keep", &P::keep, {"callable"});
        c.method("drop_on_thread", &P::drop_on_thread);
        c.method("call_on_thread", &P::call_on_thread, {"argument"});
        c.method("name_signal", &P::name_signal, {"signal"});
        c.method("emit_through", &P::emit_through, {"signal", "value"});
        c.method("connect_counter", &P::connect_counter, {"signal"});
        c.method("counted", &P::counted);
    }

    static void bind_echoes(ClassBuilder<NebulaBindingProbe>& c) {
#define NEBULA_ECHO(name, type) c.method("echo_" name, &NebulaBindingProbe::echo<type>, {"value"})
        NEBULA_ECHO("bool", bool);
        NEBULA_ECHO("int", std::int64_t);
        NEBULA_ECHO("int8", std::int8_t);
        NEBULA_ECHO("int32", std::int32_t);
        NEBULA_ECHO("uint8", std::uint8_t);
        NEBULA_ECHO("uint32", std::uint32_t);
        NEBULA_ECHO("enum", Node::ProcessMode);
        NEBULA_ECHO("float", double);
        NEBULA_ECHO("float32", float);
        NEBULA_ECHO("string", String);
        NEBULA_ECHO("std_string", std::string);
        NEBULA_ECHO("string_name", StringName);
        NEBULA_ECHO("node_path", NodePath);
        NEBULA_ECHO("vector2", Vector2);
        NEBULA_ECHO("vector2i", Vector2i);
        NEBULA_ECHO("rect2", Rect2);
        NEBULA_ECHO("rect2i", Rect2i);
        NEBULA_ECHO("vector3", Vector3);
        NEBULA_ECHO("vector3i", Vector3i);
        NEBULA_ECHO("transform2d", Transform2D);
        NEBULA_ECHO("vector4", Vector4);
        NEBULA_ECHO("vector4i", Vector4i);
        NEBULA_ECHO("plane", Plane);
        NEBULA_ECHO("quaternion", Quaternion);
        NEBULA_ECHO("aabb", AABB);
        NEBULA_ECHO("basis", Basis);
        NEBULA_ECHO("transform3d", Transform3D);
        NEBULA_ECHO("projection", Projection);
        NEBULA_ECHO("color", Color);
        NEBULA_ECHO("rid", RID);
        NEBULA_ECHO("object", Object);
        NEBULA_ECHO("node", Node);
        NEBULA_ECHO("resource", Ref<Resource>);
        NEBULA_ECHO("callable", Callable);
        NEBULA_ECHO("signal", Signal);
        NEBULA_ECHO("dictionary", Dictionary);
        NEBULA_ECHO("array", Array);
        NEBULA_ECHO("bytes", PackedByteArray);
        NEBULA_ECHO("ints", PackedInt32Array);
        NEBULA_ECHO("longs", PackedInt64Array);
        NEBULA_ECHO("floats", PackedFloat32Array);
        NEBULA_ECHO("doubles", PackedFloat64Array);
        NEBULA_ECHO("strings", PackedStringArray);
        NEBULA_ECHO("vector2s", PackedVector2Array);
        NEBULA_ECHO("vector3s", PackedVector3Array);
        NEBULA_ECHO("vector4s", PackedVector4Array);
        NEBULA_ECHO("colors", PackedColorArray);
        NEBULA_ECHO("variant", Variant);
#undef NEBULA_ECHO
    }

    std::int64_t add(std::int64_t a, std::int64_t b) { return a + b; }
    std::string describe(std::int64_t a, const String& b, double c) const {
        return std::to_string(a) + b.utf8() + Variant(c).str();
    }
    static std::int64_t twice(std::int64_t value) { return value * 2; }

    std::int64_t throw_int(const std::string& message) { throw std::runtime_error(message); }
    Ref<Resource> throw_odd() { throw 17; }
    Transform3D throw_transform() { throw std::runtime_error("no transform"); }
    PackedInt32Array throw_list() { throw std::runtime_error("no list"); }
    String call_on_null() { return String(Node().get_name()); }
    Variant read_beyond(const Array& list, std::int64_t index) {
        return list[static_cast<std::size_t>(index)];
    }

    Ref<Resource> make_resource() { return make_ref<Resource>(); }
    Ref<NebulaProbeResource> make_own_resource() {
        auto made = make_ref<NebulaProbeResource>();
        made->set_octaves(6);
        return made;
    }
    NebulaProbeNode* make_node() { return create<NebulaProbeNode>(); }
    void hold(const Ref<Resource>& resource) { held_ = resource; }
    Ref<Resource> held() const { return held_; }
    std::int64_t copies_of_held(std::int64_t count) {
        std::vector<Ref<Resource>> copies(static_cast<std::size_t>(count), held_);
        std::vector<Variant> variants(static_cast<std::size_t>(count), Variant(held_));
        const Ref<RefCounted> as_base = copies.back();
        return as_base->get_reference_count();
    }
    std::int64_t octaves_of(const Ref<NebulaProbeResource>& resource) {
        return resource.is_null() ? -1 : resource->octaves();
    }
    StringName name_of(Node node) { return node.get_name(); }
    Node3D as_node_3d(Object object) { return cast_to<Node3D>(object); }
    NebulaProbeNode* own_node(NebulaProbeNode* node) { return node; }
    void remember(Object object) { remembered_ = object.id(); }
    bool remembered_is_alive() const { return remembered_.is_alive(); }

    double sum(const Array& values) {
        double total = 0;
        for (std::size_t i = 0; i < values.size(); ++i) total += values[i].to<double>();
        return total;
    }
    PackedFloat32Array doubled(PackedFloat32Array values) {
        for (float& value : values.write()) value *= 2;
        return values;
    }
    Dictionary swapped(const Dictionary& map) {
        Dictionary result;
        const Array keys = map.keys();
        for (std::size_t i = 0; i < keys.size(); ++i) result[map.get(keys[i])] = keys[i];
        return result;
    }
    Variant first_of_nested(const Array& list) {
        Variant value = list;
        while (value.type() == GDEXTENSION_VARIANT_TYPE_ARRAY) {
            // The Array is a copy that goes at once: the element lives in `value`'s content alone.
            const Variant& inside = value.to<Array>()[0];
            value = inside;
        }
        return value;
    }
    std::int64_t engine_ticks() { return Engine::singleton().get_physics_ticks_per_second(); }
    void log_line(std::int64_t level, const std::string& line) {
        log(static_cast<LogLevel>(level), line);
    }

    Callable make_adder(std::int64_t base, Object owner) {
        return make_callable(
            [base, tracked = Tracked()](std::int64_t more, const String& text) {
                return text.utf8() + std::to_string(base + more);
            },
            "Probe.adder", owner.id());
    }
    Callable make_thrower() {
        return make_callable([tracked = Tracked()] { throw std::runtime_error("from a closure"); },
                             "Probe.thrower");
    }
    void keep(const Callable& callable) { kept_ = callable; }
    void drop_on_thread() {
        std::thread([callable = std::move(kept_)]() mutable { callable = Callable(); }).join();
        kept_ = Callable();
    }
    Variant call_on_thread(const Variant& argument) {
        Variant result;
        std::thread([&] { result = kept_.callv(Array{argument, "t"}); }).join();
        return result;
    }
    StringName name_signal(const Signal& signal) { return signal.name(); }
    void emit_through(const Signal& signal, const Variant& value) { signal.emit({value}); }
    void connect_counter(const Signal& signal) {
        signal.connect(make_callable(
            [this](std::span<const Variant* const> values) {
                counted_ += static_cast<std::int64_t>(values.size());
                return Variant();
            },
            "Probe.counter", id()));
    }
    std::int64_t counted() const { return counted_; }

private:
    Ref<Resource> held_;
    ObjectId remembered_;
    Callable kept_;
    std::int64_t counted_ = 0;
};

}  // namespace

void register_probes() {
    register_class<NebulaProbeNode>();
    register_class<NebulaProbeChild>();
    register_class<NebulaProbeResource>();
    register_class<NebulaProbeThrower>();
    register_class<NebulaProbeSingleton>();
    register_class<NebulaBindingProbe>();
    register_singleton<NebulaProbeSingleton>("NebulaProbe");
    add_main_loop_hooks({[] { ++startups; }, [] { ++frames; }, nullptr});
}

}  // namespace nebula::godot

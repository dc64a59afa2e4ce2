// SPDX-License-Identifier: MIT
#include "nebula/godot/probe/adapter_probe.hpp"

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/probe/stand_in.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/task/task.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

namespace other = stand_in;
using Log = std::shared_ptr<Array>;

other::Signal other_signal(const Signal& ours) {
    other::Signal theirs;
    const void* const from = ours.data();
    adapter::detail::engine.variant_get_ptr_constructor(GDEXTENSION_VARIANT_TYPE_SIGNAL, 1)(
        theirs._native_ptr(), &from);
    return theirs;
}

Variant our_variant(const other::Variant& theirs) {
    return *static_cast<const Variant*>(theirs._native_ptr());
}

void tell(const Log& log, const AsyncError& error) {
    log->append(Variant(std::string("error: ") + error.what()));
}

task<> wait_any(Log log, other::Signal which) {
    try {
        log->append(our_variant(co_await which));
    } catch (const AsyncError& error) {
        tell(log, error);
    }
}

task<> wait_int(Log log, other::Signal which) {
    try {
        log->append(Variant(co_await other::Await::signal<std::int64_t>(which)));
    } catch (const AsyncError& error) {
        tell(log, error);
    }
}

task<> wait_int_string(Log log, other::Signal which) {
    auto [number, text] = co_await other::Await::signal<std::int64_t, other::String>(which);
    log->append(Variant(number));
    log->append(Variant(text.utf8()));
}

task<> wait_node(Log log, other::Signal which) {
    try {
        other::Node* const node = co_await other::Await::signal<other::Node*>(which);
        log->append(Variant(ObjectHandle(node == nullptr ? nullptr : node->_owner)));
    } catch (const AsyncError& error) {
        tell(log, error);
    }
}

task<> wait_named(Log log, other::Object* emitter, std::string name) {
    const Outcome<void> outcome =
        co_await other::Await::fallible(other::Await::signal(emitter, name.c_str()));
    log->append(outcome ? Variant("done") : Variant(std::string(describe(outcome.error()))));
}

task<> wait_object(Log log, other::Object* object) {
    try {
        log->append(our_variant(co_await object));
    } catch (const AsyncError& error) {
        tell(log, error);
    }
}

class NebulaAdapterProbe : public Extension<RefCounted> {
public:
    using Self = NebulaAdapterProbe;
    static constexpr const char* kClassName = "NebulaAdapterProbe";
    using Extension::Extension;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Waits through nebula/godot/adapter, with types that are not our binding's.");
        c.method("wait_any", &Self::start<wait_any>, {"which"});
        c.method("wait_int", &Self::start<wait_int>, {"which"});
        c.method("wait_int_string", &Self::start<wait_int_string>, {"which"});
        c.method("wait_node", &Self::start<wait_node>, {"which"});
        c.method("wait_named", &Self::start_named, {"emitter", "name"});
        c.method("wait_object", &Self::start_object, {"object"});
        c.method("log_of", &Self::log_of, {"task"});
        c.method("cancel", &Self::cancel, {"task"});
    }

    template <auto kCoroutine>
    std::int64_t start(const Signal& which) {
        const Log log = std::make_shared<Array>();
        return keep(log, kCoroutine(log, other_signal(which)));
    }
    std::int64_t start_named(Object emitter, std::string name) {
        const Log log = std::make_shared<Array>();
        return keep(log, wait_named(log, other::Object::of(emitter.ptr()), std::move(name)));
    }
    std::int64_t start_object(Object object) {
        const Log log = std::make_shared<Array>();
        return keep(log, wait_object(log, other::Object::of(object.ptr())));
    }

    Array log_of(std::int64_t task) { return *tasks_.at(static_cast<std::size_t>(task)).first; }
    void cancel(std::int64_t task) { tasks_.at(static_cast<std::size_t>(task)).second.cancel(); }

private:
    std::int64_t keep(Log log, task<> body) {
        const auto number = static_cast<std::int64_t>(tasks_.size());
        tasks_.emplace_back(std::move(log), EngineLoop::get().runtime().spawn(std::move(body)));
        return number;
    }

    std::vector<std::pair<Log, TaskHandle<>>> tasks_;
};

}  // namespace

void register_adapter_probe() { register_class<NebulaAdapterProbe>(); }

}  // namespace nebula::godot

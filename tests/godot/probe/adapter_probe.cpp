// SPDX-License-Identifier: MIT
#include "tests/godot/probe/adapter_probe.hpp"

#include "tests/godot/probe/allocations.hpp"
#include "tests/godot/probe/probe_tasks.hpp"
#include "tests/godot/probe/stand_in.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace nebula::godot {
namespace {

namespace other = stand_in;

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

task<> wait_any(ProbeLogPtr log, other::Signal which) {
    try {
        log->add(our_variant(co_await which));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_int(ProbeLogPtr log, other::Signal which) {
    try {
        log->add(Variant(co_await other::Await::signal<std::int64_t>(which)));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_int_string(ProbeLogPtr log, other::Signal which) {
    auto [number, text] = co_await other::Await::signal<std::int64_t, other::String>(which);
    log->add(Variant(number));
    log->add(Variant(text.utf8()));
}

task<> wait_node(ProbeLogPtr log, other::Signal which) {
    try {
        other::Node* const node = co_await other::Await::signal<other::Node*>(which);
        log->add(Variant(ObjectHandle(node == nullptr ? nullptr : node->_owner)));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

task<> wait_named(ProbeLogPtr log, other::Object* emitter, std::string name) {
    const Outcome<void> outcome =
        co_await other::Await::fallible(other::Await::signal(emitter, name.c_str()));
    log->add(outcome ? Variant("done") : Variant(std::string(describe(outcome.error()))));
}

task<> wait_object(ProbeLogPtr log, other::Object* object) {
    try {
        log->add(our_variant(co_await object));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}

class NebulaAdapterProbe : public ProbeTasks {
public:
    using Self = NebulaAdapterProbe;
    static constexpr const char* kClassName = "NebulaAdapterProbe";
    using ProbeTasks::ProbeTasks;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Waits through nebula/godot/adapter, with types that are not our binding's.");
        c.method("wait_any", &Self::start_with<wait_any>, {"which"});
        c.method("wait_int", &Self::start_with<wait_int>, {"which"});
        c.method("wait_int_string", &Self::start_with<wait_int_string>, {"which"});
        c.method("wait_node", &Self::start_with<wait_node>, {"which"});
        c.method("wait_named", &Self::start_named, {"emitter", "name"});
        c.method("wait_object", &Self::start_object, {"object"});
        c.method("refuse_spilled", &Self::refuse_spilled, {"arguments"})
            .doc("No memory for that many arguments; 0: for all. False where it cannot be taken.");
        bind_tasks(c);
    }

    template <auto kCoroutine>
    std::int64_t start_with(const Signal& which) {
        return start<kCoroutine>(other_signal(which));
    }
    bool refuse_spilled(std::int64_t arguments) {
        return refuse_allocations(static_cast<std::size_t>(arguments) * sizeof(other::Variant));
    }
    std::int64_t start_named(Object emitter, std::string name) {
        return start<wait_named>(other::Object::of(emitter.ptr()), std::move(name));
    }
    std::int64_t start_object(Object object) {
        return start<wait_object>(other::Object::of(object.ptr()));
    }
};

}  // namespace

void register_adapter_probe() { register_class<NebulaAdapterProbe>(); }

}  // namespace nebula::godot

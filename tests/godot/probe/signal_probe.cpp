// SPDX-License-Identifier: MIT
#include "tests/godot/probe/signal_probe.hpp"

#include "nebula/godot/runtime/signal_stream.hpp"
#include "nebula/godot/runtime/signal_wait.hpp"
#include "tests/godot/probe/allocations.hpp"
#include "tests/godot/probe/probe_tasks.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

// --- The coroutines ------------------------------------------------------------------------------

/// One argument after the other, whatever they are.
template <class T>
using Nth = Variant;
template <std::size_t... kIndex>
task<> wait_variants(ProbeLogPtr log, Signal which, std::index_sequence<kIndex...>) {
    try {
        log->add(co_await signal<Nth<std::integral_constant<std::size_t, kIndex>>...>(which));
    } catch (const AsyncError& error) {
        log->add(error);
    }
}
task<> wait_nine(ProbeLogPtr log, Signal which) {
    return wait_variants(std::move(log), std::move(which), std::make_index_sequence<9>{});
}
task<> wait_twelve(ProbeLogPtr log, Signal which) {
    return wait_variants(std::move(log), std::move(which), std::make_index_sequence<12>{});
}

task<> wait_untyped(ProbeLogPtr log, Signal which) { log->add(co_await which); }

task<> wait_inline(ProbeLogPtr log, Signal which, std::int64_t times) {
    for (std::int64_t i = 0; i < times; ++i) log->add(co_await inline_resume(signal<int>(which)));
    log->add("done");
}

task<> wait_inline_in_all_forms(ProbeLogPtr log, Signal which) {
    log->add(co_await inline_resume(fallible(signal<int>(which))));
    const Outcome<int> again = co_await fallible(inline_resume(signal<int>(which)));
    log->add(again);
    if (again) log->add(co_await inline_resume(which));
}

task<> emit_when(ProbeLogPtr log, Signal which, Signal emitted) {
    (void)co_await inline_resume(which);
    emitted.emit({Variant(1)});
    log->add("emitted");
}

// Says when it begins and ends to take, and takes only when the test lets it.
template <class... Args>
task<> stream_on(ProbeLogPtr log, Signal which, std::int64_t capacity, bool newest) {
    auto emissions =
        stream<Args...>(which, {.capacity = static_cast<std::size_t>(capacity),
                                .when_full = newest ? WhenFull::DropNewest : WhenFull::DropOldest});
    co_await log->go_on.wait();
    for (;;) {
        try {
            auto emission = co_await emissions.next();
            if (!emission) break;
            if constexpr (sizeof...(Args) == 0) {
                log->add("one");
            } else {
                log->add(*emission);
            }
        } catch (const AsyncError& error) {
            log->add(error);
        }
    }
    log->add("end, " + std::to_string(emissions.dropped()) + " dropped");
}

// Answers each emission with another one, from the task that took it.
task<> stream_echo(ProbeLogPtr log, Signal which, std::int64_t last) {
    auto emissions = stream<std::int64_t>(which);
    while (const auto value = co_await emissions.next()) {
        log->add(*value);
        if (*value == last) break;
        which.emit({Variant(*value + 1)});
    }
}

task<> stream_fallible(ProbeLogPtr log, Signal which) {
    auto emissions = stream<int>(which);
    for (;;) {
        const Outcome<int> emission = co_await fallible(emissions.next());
        log->add(emission);
        if (!emission && emission.error() == AsyncErrorCode::EmitterFreed) break;
    }
}

task<> stream_twice(ProbeLogPtr log, Signal which) {
    auto emissions = stream<int>(which);
    for (int i = 0; i < 2; ++i) {
        if (const auto emission = co_await emissions.next()) log->add(*emission);
    }
}

// As a wait with a name, which lives on in the frame after it has ended.
task<> take_named(ProbeLogPtr log, std::shared_ptr<SignalStream<int>> from) {
    auto next = from->next();
    log->add(*co_await next);
    co_await log->go_on.wait();
    log->add("done");
}

task<> take_two_named(ProbeLogPtr log, std::shared_ptr<SignalStream<int>> from) {
    auto first = from->next();
    log->add(*co_await first);
    auto second = fallible(from->next());
    log->add(co_await second);
}

// --- Measuring -----------------------------------------------------------------------------------

task<> count_emissions(std::shared_ptr<std::int64_t> count, ObjectHandle emitter, StringName name) {
    for (;;) {
        (void)co_await signal<int>(emitter, name);
        ++*count;
    }
}

task<> count_streamed(std::shared_ptr<std::int64_t> count, ObjectHandle emitter, StringName name) {
    auto emissions = stream<int>(emitter, name);
    while (co_await emissions.next()) ++*count;
}

// --- The class -----------------------------------------------------------------------------------

class NebulaSignalProbe : public ProbeTasks {
public:
    using Self = NebulaSignalProbe;
    static constexpr const char* kClassName = "NebulaSignalProbe";
    using ProbeTasks::ProbeTasks;

    static void bind(ClassBuilder<Self>& c) {
        c.doc("Waits for signals for the tests; what starts a coroutine returns its number.");
        c.method("wait_int", &Self::start<wait_once<int>, Signal>, {"which"});
        c.method("wait_nine", &Self::start<wait_nine, Signal>, {"which"});
        c.method("wait_twelve", &Self::start<wait_twelve, Signal>, {"which"});
        c.method("wait_untyped", &Self::start<wait_untyped, Signal>, {"which"});
        c.method("wait_inline", &Self::start<wait_inline, Signal, std::int64_t>,
                 {"which", "times"});
        c.method("wait_inline_in_all_forms", &Self::start<wait_inline_in_all_forms, Signal>,
                 {"which"});
        c.method("emit_when", &Self::start<emit_when, Signal, Signal>, {"which", "emitted"});
        c.method("stream_none", &Self::start<stream_on<>, Signal, std::int64_t, bool>,
                 {"which", "capacity", "newest"});
        c.method("stream_int", &Self::start<stream_on<int>, Signal, std::int64_t, bool>,
                 {"which", "capacity", "newest"});
        c.method("stream_int_string",
                 &Self::start<stream_on<int, std::string>, Signal, std::int64_t, bool>,
                 {"which", "capacity", "newest"});
        c.method("stream_untyped",
                 &Self::start<stream_on<AnyArguments>, Signal, std::int64_t, bool>,
                 {"which", "capacity", "newest"});
        c.method("stream_echo", &Self::start<stream_echo, Signal, std::int64_t>, {"which", "last"});
        c.method("stream_fallible", &Self::start<stream_fallible, Signal>, {"which"});
        c.method("stream_twice", &Self::start<stream_twice, Signal>, {"which"});
        c.method("share_stream", &Self::share_stream, {"which"})
            .doc("What the next two take from.");
        c.method("take_named", &Self::start_shared<take_named>);
        c.method("take_two_named", &Self::start_shared<take_two_named>);
        c.method("hold_stream", &Self::hold_stream, {"which"})
            .doc("A stream that stands in no task: it lives as long as the probe.");
        c.method("count", &Self::count<count_emissions>, {"emitter", "name", "tasks"})
            .doc("Tasks that wait for the signal again and again; counted() is how often in all.");
        c.method("count_streamed", &Self::count<count_streamed>, {"emitter", "name", "tasks"});
        c.method("counted", &Self::counted);
        c.method("allocations_of", &Self::allocations_of, {"emitter", "name", "times"})
            .doc(
                "How often the library allocates while it emits, each emission followed by a pump "
                "as by the flush of the engine's queue; -1 where nobody counts.");
        c.method("stop_counting", &Self::stop_counting);

        bind_tasks(c);
    }

    void share_stream(const Signal& which) {
        shared_ = std::make_shared<SignalStream<int>>(stream<int>(which));
    }
    template <auto kCoroutine>
    std::int64_t start_shared() {
        return start<kCoroutine>(shared_);
    }
    void hold_stream(const Signal& which) { held_.push_back(stream<AnyArguments>(which)); }
    template <auto kCoroutine>
    void count(Object emitter, const StringName& name, std::int64_t tasks) {
        *counted_ = 0;
        for (std::int64_t i = 0; i < tasks; ++i)
            counting_.push_back(
                EngineLoop::get().runtime().spawn(kCoroutine(counted_, emitter, name)));
    }
    std::int64_t counted() { return *counted_; }
    std::int64_t allocations_of(Object emitter, const StringName& name, std::int64_t times) {
        const Variant argument(1);
        const std::int64_t before = allocations();
        for (std::int64_t i = 0; i < times; ++i) {
            emitter.emit_signal(name, std::span<const Variant>(&argument, 1));
            EngineLoop::get().runtime().pump();
        }
        return before < 0 ? -1 : allocations() - before;
    }
    void stop_counting() {
        for (TaskHandle<>& each : counting_) each.cancel();
        counting_.clear();
    }

private:
    std::vector<SignalStream<AnyArguments>> held_;
    std::shared_ptr<SignalStream<int>> shared_;
    std::shared_ptr<std::int64_t> counted_ = std::make_shared<std::int64_t>(0);
    std::vector<TaskHandle<>> counting_;
};

}  // namespace

void register_signal_probe() { register_class<NebulaSignalProbe>(); }

}  // namespace nebula::godot

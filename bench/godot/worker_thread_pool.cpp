// SPDX-License-Identifier: MIT
// Godot's WorkerThreadPool among the contenders of ./run bench pool: an extension that runs one row
// inside the real engine, as soon as that has its pool, and ends the process. Tasks are handed over
// as C functions, the engine's cheapest way: no Callable, no script.
//
// The row comes from the environment (POOL_ROW, as "ROW THREADS SAMPLES STEPS_PER_US"), since the
// command line is the engine's; the number of threads is a setting of the project as well.
#include "bench/threading/contenders/rows.hpp"

#include <gdextension_interface.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>

namespace {

using bench::MainThread;

GDExtensionInterfaceGetProcAddress get_address = nullptr;

template <class Function>
Function engine_function(const char* name) {
    const auto found = reinterpret_cast<Function>(get_address(name));
    bench::require(found != nullptr, name);
    return found;
}

/// Room for an engine String or StringName, never destroyed: the process ends before the engine.
struct EngineText {
    alignas(8) std::byte bytes[16];
};

EngineText string_name(const char* text) {
    EngineText name{};
    engine_function<GDExtensionInterfaceStringNameNewWithLatin1Chars>(
        "string_name_new_with_latin1_chars")(&name, text, 1);
    return name;
}

/// What a game in C++ sees of the engine's pool.
class Engine {
public:
    using TaskId = std::int64_t;

    Engine() {
        EngineText name = string_name("WorkerThreadPool");
        pool_ =
            engine_function<GDExtensionInterfaceGlobalGetSingleton>("global_get_singleton")(&name);
        bench::require(pool_ != nullptr, "the engine has no WorkerThreadPool yet");
        add_task_ = engine_function<GDExtensionInterfaceWorkerThreadPoolAddNativeTask>(
            "worker_thread_pool_add_native_task");
        add_group_ = engine_function<GDExtensionInterfaceWorkerThreadPoolAddNativeGroupTask>(
            "worker_thread_pool_add_native_group_task");
        call_ = engine_function<GDExtensionInterfaceObjectMethodBindPtrcall>(
            "object_method_bind_ptrcall");
        wait_task_ = method("wait_for_task_completion", POOL_WAIT_TASK_HASH);
        wait_group_ = method("wait_for_group_task_completion", POOL_WAIT_GROUP_HASH);
        is_completed_ = method("is_task_completed", POOL_IS_COMPLETED_HASH);
        engine_function<GDExtensionInterfaceStringNewWithLatin1Chars>(
            "string_new_with_latin1_chars")(&description_, "bench");
    }

    TaskId add(void (*function)(void*), void* data, bool urgent) {
        return add_task_(pool_, function, data, urgent ? 1 : 0, &description_);
    }
    void wait(TaskId id) {
        std::int64_t error = 0;
        const void* arguments[] = {&id};
        call_(wait_task_, pool_, arguments, &error);
        bench::require(error == 0, "waiting for a task");
    }
    bool completed(TaskId id) {
        GDExtensionBool answer = 0;
        const void* arguments[] = {&id};
        call_(is_completed_, pool_, arguments, &answer);
        return answer != 0;
    }
    void run_group(void (*function)(void*, std::uint32_t), void* data, int count) {
        TaskId id = add_group_(pool_, function, data, count, -1, 1, &description_);
        const void* arguments[] = {&id};
        call_(wait_group_, pool_, arguments, nullptr);
    }

private:
    GDExtensionMethodBindPtr method(const char* name, std::int64_t hash) {
        EngineText type = string_name("WorkerThreadPool"), called = string_name(name);
        const auto found = engine_function<GDExtensionInterfaceClassdbGetMethodBind>(
            "classdb_get_method_bind")(&type, &called, hash);
        bench::require(found != nullptr, name);
        return found;
    }

    GDExtensionObjectPtr pool_ = nullptr;
    GDExtensionInterfaceWorkerThreadPoolAddNativeTask add_task_ = nullptr;
    GDExtensionInterfaceWorkerThreadPoolAddNativeGroupTask add_group_ = nullptr;
    GDExtensionInterfaceObjectMethodBindPtrcall call_ = nullptr;
    GDExtensionMethodBindPtr wait_task_ = nullptr, wait_group_ = nullptr, is_completed_ = nullptr;
    EngineText description_{};
};

class Godot {
public:
    static bool main_computes(MainThread) { return false; }
    static constexpr bool kPinnable = true;
    static constexpr int kForkLevels = 20;
    // Waiting for a task of one's own from inside runs any other meanwhile, the oldest first: a
    // tree of forks would nest without a bound.
    struct Fork {};

    // How many threads is the project's affair.
    Godot(int, MainThread) {}

    template <class F>
    void inside(F f) {
        struct Call {
            F& f;
        } call{f};
        engine_.wait(engine_.add([](void* data) { static_cast<Call*>(data)->f(); }, &call, true));
    }

    template <class F>
    void each(int count, const F& f) {
        struct Task {
            const F* f;
            int i;
        };
        std::vector<Task> tasks(static_cast<std::size_t>(count));
        std::vector<Engine::TaskId> ids(tasks.size());
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            tasks[i] = {&f, static_cast<int>(i)};
            ids[i] = engine_.add(
                [](void* data) {
                    const auto* task = static_cast<const Task*>(data);
                    (*task->f)(task->i);
                },
                &tasks[i], true);
        }
        for (const Engine::TaskId id : ids) engine_.wait(id);
    }
    // A task for all of them; its threads take one index after the other.
    template <class F>
    void batch(int count, const F& f) {
        engine_.run_group(
            [](void* data, std::uint32_t i) {
                (*static_cast<const F*>(data))(static_cast<int>(i));
            },
            const_cast<void*>(static_cast<const void*>(&f)), count);
    }
    template <class F>
    void outside(int count, const F& f) {
        each(count, f);
    }
    template <class F>
    void loop(int count, const F& f) {
        constexpr int kChunk = 16384;
        batch((count + kChunk - 1) / kChunk, [&f, count](int chunk) {
            const int end = std::min(count, (chunk + 1) * kChunk);
            for (int i = chunk * kChunk; i < end; ++i) f(i);
        });
    }

    // The engine wants every task waited for; a game does that when it has ended.
    template <class F>
    void detach(F f) {
        detach_as(std::move(f), true);
    }
    template <class F>
    void detach_urgent(F f) {
        detach_as(std::move(f), true);
    }
    template <class F>
    void detach_far(F f) {
        detach_as(std::move(f), false);
    }

private:
    template <class F>
    void detach_as(F f, bool urgent) {
        const Engine::TaskId id = engine_.add(
            [](void* data) {
                const std::unique_ptr<F> task(static_cast<F*>(data));
                (*task)();
            },
            new F(std::move(f)), urgent);
        const std::lock_guard lock(mutex_);
        detached_.push_back(id);
        while (detached_.front() != id && engine_.completed(detached_.front())) {
            engine_.wait(detached_.front());
            detached_.pop_front();
        }
    }

    Engine engine_;
    std::mutex mutex_;
    std::deque<Engine::TaskId> detached_;
};

// The engine has threads of its own beside those of the pool; only the pool's are to be pinned and
// watched. A worker is known by having run a task.
void find_workers(int threads) {
    Godot pool(threads, MainThread::Calls);
    std::mutex mutex;
    std::vector<pid_t> workers;
    std::atomic<int> arrived{0};
    pool.outside(threads, [&](int) {
        // All at once, so that no worker runs two.
        for (++arrived; arrived < threads;) {
        }
        const std::lock_guard lock(mutex);
        workers.push_back(gettid());
    });
    std::ranges::sort(workers);
    bench::pool_threads() = workers;
}

void run(void*, GDExtensionInitializationLevel level) {
    if (level != GDEXTENSION_INITIALIZATION_SCENE) return;
    const char* words = std::getenv("POOL_ROW");
    bench::require(words != nullptr, "POOL_ROW is not set");
    bench::Arguments arguments{};
    std::istringstream(words) >> arguments.row >> arguments.threads >> arguments.samples >>
        arguments.steps_per_us;
    find_workers(arguments.threads);
    bench::Report report;
    bench::run_row<Godot>(arguments, report);
    report.print();
    std::fflush(stdout);
    _exit(0);  // the engine is half started, and nobody needs the other half
}

}  // namespace

extern "C" __attribute__((visibility("default"))) GDExtensionBool pool_bench_init(
    GDExtensionInterfaceGetProcAddress address, GDExtensionClassLibraryPtr,
    GDExtensionInitialization* initialization) {
    get_address = address;
    initialization->minimum_initialization_level = GDEXTENSION_INITIALIZATION_SCENE;
    initialization->userdata = nullptr;
    initialization->initialize = run;
    initialization->deinitialize = [](void*, GDExtensionInitializationLevel) {};
    return 1;
}

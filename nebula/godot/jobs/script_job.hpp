// SPDX-License-Identifier: MIT
// One job of a script: a worker runs it once, and the main thread can be sure that it has ended.
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/task/task.hpp"
#include "nebula/threading/band.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace nebula::godot {

/// What a job does, and how people call it.
struct ScriptJobPlan {
    SmallFunction<Variant()> body;  ///< Called once, on a worker.
    ObjectId node;  ///< Whose function it is; null for none. Its leaving the tree ends the job.
    std::string name;
};

/// Shared by the worker, the task that waits, and the node's watch.
///
/// Threads:   see each member.
class ScriptJob {
public:
    explicit ScriptJob(ScriptJobPlan plan) noexcept
        : body_(std::move(plan.body)), name_(std::move(plan.name)) {}
    ScriptJob(const ScriptJob&) = delete;
    ScriptJob& operator=(const ScriptJob&) = delete;

    /// On a worker: does nothing if end() was faster.
    void run() noexcept;
    /// A job that has not begun never will; one that runs is asked to stop. Main thread.
    /// \returns whether it is over: then nothing of it runs any more.
    bool end() noexcept;
    /// The same, and waits until it is over. Main thread.
    /// \param why  for the warning if that takes long.
    void end_and_wait(const char* why) noexcept;
    /// Any thread.
    void ask_to_stop() noexcept;
    [[nodiscard]] bool is_over() const noexcept;  ///< Any thread.
    /// When it is over: the result, or throws what the body threw. Main thread.
    [[nodiscard]] Variant take();
    /// When it is over: destroys what the body captured and the result. Main thread.
    void clear() noexcept;

    std::size_t place_in_node = 0;  // for JobsOfNode

private:
    static constexpr std::uint32_t kWaiting = 0;
    static constexpr std::uint32_t kRunning = 1;
    static constexpr std::uint32_t kEnded = 2;
    static constexpr std::uint32_t kDropped = 3;  // before it began

    // Whoever takes it out of kWaiting decides. The worker owns the three below while it is kRunning,
    // otherwise the main thread does.
    std::atomic<std::uint32_t> phase_{kWaiting};
    std::atomic<std::uint32_t> stop_{0};
    SmallFunction<Variant()> body_;
    Variant result_;
    std::exception_ptr error_;
    std::string name_;
};

/// Runs the plan on a worker of the shared pool, and returns its result.
///
/// If the task is cancelled, or the node leaves the tree, the job ends: it does not begin any more,
/// or is asked to stop. A node that leaves the tree waits for a job that runs, because what it uses
/// may go away after that. So does the root at the end of the game, for jobs without a node, and the
/// main loop for those that are made even later.
///
/// Threads:   main thread.
/// Throws:    what the body throws; TaskFailed with Code::Cancelled if the node has left the tree.
[[nodiscard]] task<Variant> script_job(ScriptJobPlan plan, Band band);

/// Called when the extension starts, and ends: after the pool has stopped.
void start_script_jobs();
void stop_script_jobs() noexcept;

}  // namespace nebula::godot

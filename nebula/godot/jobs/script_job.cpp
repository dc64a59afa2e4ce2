// SPDX-License-Identifier: MIT
#include "nebula/godot/jobs/script_job.hpp"

#include "nebula/base/yield_point.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/jobs/jobs_of_node.hpp"
#include "nebula/godot/jobs/script_error.hpp"
#include "nebula/godot/jobs/script_function.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/frame_poll.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/threading/detail/futex.hpp"
#include "nebula/threading/detail/slow_wait.hpp"
#include "nebula/threading/stop_token.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

constexpr const char* kLoopCloses = "the game quits, or Nebula is unloaded";
constexpr const char* kJobName = "Nebula.run";  // of every job: the pool keeps names for ever

/// The main thread's part of a job.
class KeptJob {
public:
    KeptJob(std::shared_ptr<ScriptJob> job, ObjectId node)
        : job_(std::move(job)), node_(JobsOfNode::of(node)) {
        if (node_) node_->add(job_);
    }
    KeptJob(KeptJob&&) noexcept = default;
    KeptJob& operator=(KeptJob&&) noexcept = default;

    [[nodiscard]] const std::shared_ptr<ScriptJob>& job() const noexcept { return job_; }
    /// When it is over. What ends with it may run scripts.
    void release() noexcept {
        if (node_) std::exchange(node_, nullptr)->remove(*job_);
        job_->clear();
    }

private:
    std::shared_ptr<ScriptJob> job_;
    std::shared_ptr<JobsOfNode> node_;  // or of the root; null if there is no tree
};

/// Jobs that still run though nobody waits for them. Exists only while there are any.
class AbandonedJobs final : public FramePoll {
public:
    explicit AbandonedJobs(EngineLoop& loop) noexcept { loop.poll_each_frame(*this); }
    /// Takes it, unless it throws.
    void add(KeptJob& job) { jobs_.push_back(std::move(job)); }

    void poll() override;
    void loop_closes() noexcept override;

private:
    std::vector<KeptJob> jobs_;
};

std::unique_ptr<AbandonedJobs> abandoned;

void AbandonedJobs::poll() {
    for (std::size_t i = 0; i < jobs_.size();) {
        if (!jobs_[i].job()->is_over()) {
            ++i;
            continue;
        }
        // Removed first: what ends with it may cancel another job.
        KeptJob over = std::move(jobs_[i]);
        if (i + 1 < jobs_.size()) jobs_[i] = std::move(jobs_.back());
        jobs_.pop_back();
        over.release();
    }
    if (jobs_.empty()) abandoned.reset();
}

void AbandonedJobs::loop_closes() noexcept {
    while (!jobs_.empty()) {
        KeptJob last = std::move(jobs_.back());
        jobs_.pop_back();
        last.job()->end_and_wait(kLoopCloses);
        last.release();
    }
    abandoned.reset();
}

/// In the frame of the task that waits: ends the job with the task.
class JobOfTask {
public:
    JobOfTask(std::shared_ptr<ScriptJob> job, ObjectId node) : kept_(std::move(job), node) {}
    JobOfTask(const JobOfTask&) = delete;
    JobOfTask& operator=(const JobOfTask&) = delete;
    ~JobOfTask() {
        if (kept_.job()->end())
            kept_.release();
        else
            abandon();
    }
    [[nodiscard]] const std::shared_ptr<ScriptJob>& job() const noexcept { return kept_.job(); }

private:
    // Also when the loop closes: then it waits only after it has ended all tasks.
    void abandon() noexcept {
        try {
            EngineLoop* const loop = EngineLoop::get_if_running();
            if (loop != nullptr) {
                if (!abandoned) abandoned = std::make_unique<AbandonedJobs>(*loop);
                abandoned->add(kept_);
                return;
            }
        } catch (...) {
            report_current_exception("Nebula.run");  // no memory for the list
        }
        kept_.job()->end_and_wait(kLoopCloses);
        kept_.release();
    }

    KeptJob kept_;
};

}  // namespace

void ScriptJob::run() noexcept {
    NEBULA_YIELD_POINT();
    std::uint32_t waiting = kWaiting;
    // relaxed: the pool has published the body with the closure; this only decides against end().
    if (!phase_.compare_exchange_strong(waiting, kRunning, std::memory_order_relaxed)) return;
    {
        const nebula::detail::CurrentStop running(stop_, kJobName);
        try {
            result_ = body_();
        } catch (...) {
            error_ = std::current_exception();
        }
    }
    NEBULA_YIELD_POINT();
    phase_.store(kEnded, std::memory_order_release);  // pairs with is_over(): result_ and error_
    nebula::detail::futex_wake_one(phase_);
}

void ScriptJob::ask_to_stop() noexcept {
    stop_.store(nebula::detail::kStopRequested, std::memory_order_relaxed);  // see StopToken
}

bool ScriptJob::end() noexcept {
    std::uint32_t found = kWaiting;
    NEBULA_YIELD_POINT();
    // acquire: if it has ended, this pairs with run(), as is_over() does. The exchange itself
    // publishes nothing.
    if (phase_.compare_exchange_strong(found, kDropped, std::memory_order_acquire,
                                       std::memory_order_acquire))
        return true;
    if (found != kRunning) return true;
    ask_to_stop();
    return false;
}

void ScriptJob::end_and_wait(const char* why) noexcept {
    if (end()) return;
    nebula::detail::SlowWait slow;
    while (!is_over()) {
        nebula::detail::futex_wait(phase_, kRunning, slow.due());
        slow.tell_if_due([&](std::int64_t seconds) {
            return "the main thread has been waiting for '" + name_ +
                   "', which runs on a worker, for " + std::to_string(seconds) + " s, because " +
                   why + "; a long function should check Nebula.stop_requested()";
        });
    }
}

bool ScriptJob::is_over() const noexcept {
    const std::uint32_t phase = phase_.load(std::memory_order_acquire);  // pairs with run()
    return phase == kEnded || phase == kDropped;
}

Variant ScriptJob::take() {
    using Code = NebulaTaskError::Code;
    if (phase_.load(std::memory_order_relaxed) == kDropped)
        throw TaskFailed(Code::Cancelled, "the node of '" + name_ +
                                              "' left the scene tree before the function began");
    if (StopToken(stop_).stop_requested())
        throw TaskFailed(Code::Cancelled,
                         "the node of '" + name_ + "' left the scene tree while the function ran");
    try {
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    } catch (const ScriptError& error) {
        // The engine has shown it: nobody needs to be told again.
        if (error.shown()) throw TaskFailed(Code::Failed, error.what());
        throw;
    }
    return std::move(result_);
}

void ScriptJob::clear() noexcept {
    body_.reset();
    result_ = {};
    error_ = nullptr;
}

task<Variant> script_job(ScriptJobPlan plan, Band band) {
    const ObjectId node = plan.node;
    const JobOfTask mine(std::make_shared<ScriptJob>(std::move(plan)), node);
    auto run =
        shared_pool().run([job = mine.job()] { job->run(); }, {.band = band, .name = kJobName});
    co_await run;
    co_return mine.job()->take();
}

void start_script_jobs() {
    listen_to_script_errors();
    prepare_script_functions();
    add_main_loop_hooks({.startup = JobsOfNode::find_root});
}

void stop_script_jobs() noexcept { stop_listening_to_script_errors(); }

}  // namespace nebula::godot

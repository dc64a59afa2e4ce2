// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/job_state.hpp"

#include "model.hpp"

namespace nebula::model {
namespace {

// A job and all who may want something of it. As Job<T> in job.hpp, on one closure.
struct Job {
    nebula::detail::JobState<ModelAtomics> state;
    ModelCell<int> result;
    ModelCell<int> callback;
    int runs = 0;
    int drops = 0;
    int calls = 0;
    int reports = 0;

    void run() {
        if (!state.claim()) return;
        check(++runs + drops == 1, "a closure is run or dropped once");
        result.write(1);
        finish(false);
    }
    void cancel() {
        if (!state.claim()) return state.ask_to_stop();
        check(runs + ++drops == 1, "a closure is run or dropped once");
        result.write(2);
        finish(true);
    }
    void finish(bool cancelled) {
        const auto duties = state.end(cancelled);
        if (duties.call_callback) call();
        if (duties.report_error) report();
    }
    void call() {
        check(callback.read() == 1, "who calls the callback sees it");
        check(result.read() != 0, "a callback finds the result");
        check(++calls == 1, "a callback is called once");
    }
    void report() {
        check(result.read() != 0, "who reports the error sees it");
        check(++reports == 1, "an error is reported once");
    }
    void watch() {
        callback.write(1);
        if (!state.watch()) call();
    }
    void leave() {
        if (state.leave()) report();
    }
    // As Job::get: runs what nobody has begun, and sleeps for what somebody has.
    void get() {
        run();
        state.wait();
        check(result.read() != 0, "who waited finds the result");
    }
};

NEBULA_MODEL(JobStateModel, WorkerAndTwoCancellersClaimAClosureOnce) {
    return explore<Job>(
        {[](Job& j) { j.run(); }, [](Job& j) { j.cancel(); }, [](Job& j) { j.cancel(); }},
        [](Job& j) { check(j.runs + j.drops == 1, "run or dropped"); });
}

NEBULA_MODEL(JobStateModel, AWaiterFindsTheResultOfWorkerOrCanceller) {
    return explore<Job>(
        {[](Job& j) { j.run(); }, [](Job& j) { j.cancel(); }, [](Job& j) { j.get(); }}, nullptr,
        {.spurious_wakes = 1});
}

NEBULA_MODEL(JobStateModel, ACallbackIsCalledOnceByTheEndOrByWhoBringsIt) {
    return explore<Job>(
        {[](Job& j) { j.run(); }, [](Job& j) { j.watch(); }, [](Job& j) { j.cancel(); }},
        [](Job& j) { check(j.calls == 1, "it was called"); });
}

NEBULA_MODEL(JobStateModel, AnErrorIsReportedOnceByTheEndOrByWhoLeaves) {
    return explore<Job>({[](Job& j) { j.run(); },
                         [](Job& j) {
                             j.cancel();
                             j.leave();
                         }},
                        [](Job& j) { check(j.reports == 1, "it was reported"); });
}

NEBULA_MODEL(JobStateModel, WhoSeesTheStatusSeesTheResult) {
    return explore<Job>({[](Job& j) { j.run(); },
                         [](Job& j) {
                             if (j.state.ended()) check(j.result.read() == 1, "it is there");
                         }});
}

}  // namespace
}  // namespace nebula::model

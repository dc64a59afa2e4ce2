// SPDX-License-Identifier: MIT
// With -fno-exceptions, godot-cpp's default: all of what our headers instantiate compiles.
#include "nebula/threading/channel.hpp"
#include "nebula/threading/frame_budget.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/par.hpp"
#include "nebula/threading/ranked_tasks.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

void use(nebula::WorkerPool& pool) {
    using namespace nebula;
    Channel<int> channel(SoftLimit{4});
    channel.send(1);
    channel.post(2);
    (void)channel.recv();
    channel.drain(std::chrono::seconds(1), [](int) {});
    channel.close();

    std::array<CostEstimate, 1> costs;
    FrameBudget budget(Clock::now());
    run_until(
        channel, budget, costs, [](int) { return 0U; }, [](int) {});

    std::vector<int> values(10);
    par_for(pool, 0, values.size(), 2, [&](std::size_t i) { values[i] = 1; });
    par_sort(pool, std::span(values));
    (void)par_map(pool, std::span(values), 2, [](int value) { return value; });
    (void)par_splat_map(pool, std::span(values), std::nullopt,
                        [](std::span<int> chunk) { return chunk.size(); });
    (void)par_reduce(pool, std::span(values), 4, 0, std::plus<>(), std::plus<>());

    RankedTasks ranked(pool);
    ranked.cancel(ranked.spawn(1, [] {}));
    ranked.rerank([](const RankedTask& task) { return task.rank; });
    ranked.wait();

    Job<int> first =
        spawn_job(pool, [](StopToken token) { return token.stop_requested() ? 1 : 2; });
    Job<> second = std::move(first).then([](int) {});
    second.on_done([] {});
    second.get();
    spawn_job(pool, [] {}).detach();
    (void)pool.scope([](Scope<int>& scope) { scope.spawn([] { return 1; }); });
}

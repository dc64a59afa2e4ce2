// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/work_deque.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <random>
#include <stop_token>
#include <thread>
#include <vector>

namespace nebula::detail {
namespace {

struct Job {
    std::atomic<int> runs{0};
};

// Against a plain deque, every operation in a random order, across many turns of the ring.
TEST(WorkDeque, DoesWhatAPlainDequeDoes) {
    static constexpr unsigned kSeed = 20'251;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    std::mt19937 random(kSeed);
    WorkDeque<Job, 8> deque;
    std::deque<Job*> oracle;
    std::vector<Job> jobs(1000);
    for (int step = 0; step < 200'000; ++step) {
        // By turns mostly filling and mostly emptying, so that both ends of the range are met.
        const unsigned pushes = (step / 500) % 2 == 0 ? 6 : 2;
        const unsigned choice = static_cast<unsigned>(random()) % 10;
        if (choice < pushes) {
            Job* const job = &jobs[random() % jobs.size()];
            ASSERT_EQ(deque.push(job), oracle.size() < 8);
            if (oracle.size() < 8) oracle.push_back(job);
        } else if (choice % 2 == 0) {
            ASSERT_EQ(deque.pop(), oracle.empty() ? nullptr : oracle.back());
            if (!oracle.empty()) oracle.pop_back();
        } else {
            const StealResult<Job> stolen = deque.steal();
            ASSERT_EQ(stolen.item, oracle.empty() ? nullptr : oracle.front());
            ASSERT_EQ(stolen.outcome, oracle.empty() ? StealOutcome::Empty : StealOutcome::Item);
            if (!oracle.empty()) oracle.pop_front();
        }
        ASSERT_EQ(deque.has_items(), !oracle.empty());
        ASSERT_EQ(deque.size_hint(), oracle.size());
    }
}

constexpr std::size_t kItems = test::kWithYields ? 2'000 : 8'000;

class WorkDequeTheft : public testing::TestWithParam<int> {  // the parameter: thieves
protected:
    // Runs owner(deque) against the thieves, then expects each job to have run exactly once.
    template <class Owner>
    void expect_each_once(std::size_t count, Owner owner) {
        WorkDeque<Job, 16> deque;
        std::vector<Job> jobs(count);
        {
            std::vector<std::jthread> thieves;  // stopped and joined at the end of this scope
            thieves.reserve(static_cast<std::size_t>(GetParam()));
            for (int i = 0; i < GetParam(); ++i)
                thieves.emplace_back([&deque](const std::stop_token& stop) {
                    while (!stop.stop_requested())
                        if (Job* const job = deque.steal().item) ++job->runs;
                });
            owner(deque, jobs);
        }
        for (std::size_t i = 0; i < jobs.size(); ++i) ASSERT_EQ(jobs[i].runs, 1) << "job " << i;
    }
};

// The deque is kept at length one, so owner and thieves always want the same job. (An owner that
// takes the last job without its compare-exchange fails here.)
TEST_P(WorkDequeTheft, TheLastItemIsTakenExactlyOnce) {
    expect_each_once(kItems, [](auto& deque, std::vector<Job>& jobs) {
        for (Job& job : jobs) {
            ASSERT_TRUE(deque.push(&job));
            if (Job* const mine = deque.pop()) ++mine->runs;
        }
    });
}

// Up to full and down to empty again: the ring turns, slots are used again, top meets bottom.
TEST_P(WorkDequeTheft, EveryItemIsTakenExactlyOnce) {
    expect_each_once(kItems, [](auto& deque, std::vector<Job>& jobs) {
        std::mt19937 random(7);
        for (std::size_t next = 0; next < jobs.size();) {
            for (std::size_t n = random() % 20; n > 0 && next < jobs.size(); --n) {
                if (!deque.push(&jobs[next])) break;
                ++next;
            }
            for (std::size_t n = random() % 20; n > 0; --n)
                if (Job* const mine = deque.pop()) ++mine->runs;
        }
        while (deque.has_items())
            if (Job* const mine = deque.pop()) ++mine->runs;
    });
}

INSTANTIATE_TEST_SUITE_P(Thieves, WorkDequeTheft, testing::Values(0, 1, 2, 8));

}  // namespace
}  // namespace nebula::detail

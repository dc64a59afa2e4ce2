// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool_config.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/available_cpus.hpp"
#include "nebula/threading/blocking_region.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace nebula {
namespace {

namespace fs = std::filesystem;

TEST(WorkerPoolConfig, DefaultsAreThoseOfTheSpecification) {
    const WorkerPoolConfig config;
    EXPECT_FALSE(config.thread_count_override);
    EXPECT_EQ(config.reserved_cores, 2);
    EXPECT_EQ(config.stack_size_bytes, 2U * 1024 * 1024);
    EXPECT_EQ(config.name_prefix, "nebula-worker");
}

// Lines of the log, while a test listens.
std::vector<std::string>* heard = nullptr;

std::optional<int> count_with_environment(const char* value, std::vector<std::string>& lines) {
    setenv("NEBULA_THREADS", value, 1);
    heard = &lines;
    const LogSink before = set_log_sink(
        [](LogLevel, std::string_view line, const auto&) noexcept { heard->emplace_back(line); });
    const WorkerPoolConfig config = WorkerPoolConfig{.thread_count_override = 3}.with_environment();
    set_log_sink(before);
    unsetenv("NEBULA_THREADS");
    return config.thread_count_override;
}

TEST(WorkerPoolConfig, TheEnvironmentBeatsTheThreadCount) {
    std::vector<std::string> lines;
    EXPECT_EQ(count_with_environment("1", lines), 1);
    EXPECT_EQ(count_with_environment("1024", lines), 1024);
    EXPECT_EQ(count_with_environment("", lines), 3);
    EXPECT_TRUE(lines.empty());
    EXPECT_EQ(WorkerPoolConfig{.thread_count_override = 3}.with_environment().thread_count(), 3);
}

TEST(WorkerPoolConfig, AWrongThreadCountInTheEnvironmentIsToldInOneSentenceAndIgnored) {
    for (const std::string wrong : {"0", "1025", "-1", "four", "4x", " 4", "4.0", "99999999999"}) {
        std::vector<std::string> lines;
        EXPECT_EQ(count_with_environment(wrong.c_str(), lines), 3) << wrong;
        EXPECT_EQ(lines, std::vector{"NEBULA_THREADS must be a whole number from 1 to 1024, and "
                                     "is \"" +
                                     wrong + "\": it is ignored."});
    }
}

TEST(WorkerPoolConfig, APinnedWorkerHasTheCpuOfItsNumber) {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    std::vector<std::string> cpus;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &all)) cpus.push_back(std::to_string(cpu));

    const WorkerPool pool(
        {.thread_count_override = static_cast<int>(cpus.size()) + 1, .pin_workers = true});
    const std::vector<long> ids = pool.worker_os_ids();
    for (std::size_t i = 0; i < ids.size(); ++i)
        EXPECT_EQ(test::allowed_cpus_of(ids[i]), cpus[i % cpus.size()]) << i;
    EXPECT_EQ(test::allowed_cpus_of(getpid()),
              test::allowed_cpus_of(WorkerPool({.thread_count_override = 1}).worker_os_ids()[0]))
        << "neither the maker of the pool nor workers of another are pinned";
}

// The kernel gives a new thread the mask of the one that makes it.
TEST(WorkerPoolConfig, ThreadsThatAPinnedWorkerMakesAreNotPinned) {
    const test::HangGuard guard("a spare or an io thread never ran");
    const std::string all = test::allowed_cpus_of(getpid());
    const auto mine = [] { return test::allowed_cpus_of(detail::this_thread_os_id()); };
    const int most = WorkerPoolConfig{.reserved_cores = 0}.thread_count();
    WorkerPool pool({.thread_count_override = 1, .pin_workers = true});
    pool.on_worker([&] {
        std::latch done(2);
        pool.io().spawn([&] {
            EXPECT_EQ(mine(), all);
            done.count_down();
        });
        pool.spawn([&] {
            EXPECT_GE(WorkerPool::current_worker_index(), 1);
            EXPECT_EQ(mine(), all);
            done.count_down();
        });
        {
            const BlockingRegion region;  // the spare runs what we have spawned
            done.wait();
        }
        const WorkerPool inner({.reserved_cores = 0});
        EXPECT_EQ(inner.thread_count(), most);
        for (const long id : inner.worker_os_ids()) EXPECT_EQ(test::allowed_cpus_of(id), all);
    });
}

TEST(OsThreadName, KeepsTheIndexAndShortensThePrefix) {
    EXPECT_EQ(detail::os_thread_name("nebula-worker", 9), "nebula-worker-9");
    EXPECT_EQ(detail::os_thread_name("nebula-worker", 10), "nebula-worke-10");
    EXPECT_EQ(detail::os_thread_name("nebula-worker", 1023), "nebula-wor-1023");
    EXPECT_EQ(detail::os_thread_name("", 3), "-3");
}

TEST(AvailableCpus, HonoursTheAffinityMask) {
    int narrow = 0;
    // A thread of its own: the mask is per thread.
    std::thread([&] {
        cpu_set_t all;
        ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
        for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (!CPU_ISSET(cpu, &all)) continue;
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
            break;
        }
        narrow = available_cpus();
    }).join();
    EXPECT_EQ(narrow, 1);
    EXPECT_GE(available_cpus(), 1);
}

// A control group tree of our own.
class CgroupQuota : public testing::Test {
protected:
    CgroupQuota()
        : root_(fs::temp_directory_path() /
                ("nebula-cgroup-" + std::to_string(getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::create_directories(root_);
    }
    ~CgroupQuota() override { fs::remove_all(root_); }

    void write(const fs::path& file, std::string_view text) {
        fs::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file) << text << '\n';
    }
    std::optional<double> quota() { return cgroup_cpu_quota(paths()); }
    CgroupPaths paths() { return {root_ / "fs", root_ / "self"}; }

private:
    fs::path root_;
};

TEST_F(CgroupQuota, NothingSaysNothing) { EXPECT_EQ(quota(), std::nullopt); }

TEST_F(CgroupQuota, Version2IsRead) {
    write("self", "0::/game.slice");
    write("fs/game.slice/cpu.max", "150000 100000");
    EXPECT_EQ(quota(), 1.5);
}

TEST_F(CgroupQuota, Version2MaxIsNoLimit) {
    write("self", "0::/game.slice");
    write("fs/game.slice/cpu.max", "max 100000");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, TheTightestAncestorCounts) {
    write("self", "0::/a/b/c");
    write("fs/a/b/c/cpu.max", "max 100000");
    write("fs/a/b/cpu.max", "400000 100000");
    write("fs/a/cpu.max", "50000 100000");
    write("fs/cpu.max", "800000 100000");
    EXPECT_EQ(quota(), 0.5);
    EXPECT_EQ(available_cpus(paths()), 1);
}

TEST_F(CgroupQuota, InAContainerTheHostsPathIsNotThere) {
    write("self", "0::/system.slice/container-1234");
    write("fs/cpu.max", "100000 100000");
    EXPECT_EQ(quota(), 1.0);
    EXPECT_EQ(available_cpus(paths()), 1);
}

TEST_F(CgroupQuota, Version1IsRead) {
    write("self", "4:memory:/x\n3:cpu,cpuacct:/game\n1:name=systemd:/y");
    write("fs/cpu,cpuacct/game/cpu.cfs_quota_us", "250000");
    write("fs/cpu,cpuacct/game/cpu.cfs_period_us", "100000");
    EXPECT_EQ(quota(), 2.5);
}

TEST_F(CgroupQuota, Version1MinusOneIsNoLimit) {
    write("self", "3:cpu:/game");
    write("fs/cpu/game/cpu.cfs_quota_us", "-1");
    write("fs/cpu/game/cpu.cfs_period_us", "100000");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, AnotherControllersGroupIsNotOurs) {
    write("self", "3:cpuset:/game");
    write("fs/cpuset/game/cpu.cfs_quota_us", "100000");
    write("fs/cpuset/game/cpu.cfs_period_us", "100000");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, RubbishIsNoLimit) {
    for (const char* rubbish : {"", "many 100000", "100000", "0 0", "-5 100000", "nan nan"}) {
        write("self", "0::/\nnonsense\n:");
        write("fs/cpu.max", rubbish);
        EXPECT_EQ(quota(), std::nullopt) << rubbish;
    }
}

}  // namespace
}  // namespace nebula

// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool_config.hpp"

#include "nebula/threading/available_cpus.hpp"
#include "nebula/threading/detail/os_thread.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

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

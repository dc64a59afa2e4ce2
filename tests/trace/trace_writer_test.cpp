// SPDX-License-Identifier: MIT
#include "nebula/trace/trace_writer.hpp"

#include "nebula/base/trace.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/trace/detail/lane.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <latch>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using nlohmann::json;

std::vector<json> events_of(const TraceWriter& trace) {
    std::ostringstream text;
    trace.write(text);
    return json::parse(text.str()).at("traceEvents").get<std::vector<json>>();
}

std::size_t count_of(const std::vector<json>& events, const char* phase, const char* name) {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [&](const json& e) { return e.at("ph") == phase && e.at("name") == name; }));
}

// Names of the lanes, by thread number.
std::map<int, std::string> lanes_of(const std::vector<json>& events) {
    std::map<int, std::string> lanes;
    for (const json& event : events)
        if (event.at("name") == "thread_name")
            lanes[event.at("tid")] = event.at("args").at("name").get<std::string>();
    return lanes;
}

// In nanoseconds, as they were recorded.
std::int64_t ns(const json& event, const char* key) {
    return std::llround(event.at(key).get<double>() * 1000.0);
}

// Of two stretches of one lane, one lies inside the other or they do not meet.
void expect_nested(const std::vector<json>& events) {
    std::map<int, std::vector<std::pair<std::int64_t, std::int64_t>>> by_lane;
    for (const json& event : events)
        if (event.at("ph") == "X") {
            EXPECT_GE(ns(event, "ts"), 0);
            EXPECT_GE(ns(event, "dur"), 0);
            by_lane[event.at("tid")].emplace_back(ns(event, "ts"),
                                                  ns(event, "ts") + ns(event, "dur"));
        }
    for (auto& [lane, stretches] : by_lane) {
        std::ranges::sort(stretches, [](const auto& a, const auto& b) {
            return a.first != b.first ? a.first < b.first : a.second > b.second;
        });
        std::vector<std::int64_t> open_ends;
        for (const auto& [begin, end] : stretches) {
            while (!open_ends.empty() && open_ends.back() <= begin) open_ends.pop_back();
            if (!open_ends.empty()) {
                ASSERT_LE(end, open_ends.back()) << "lane " << lane;
            }
            open_ends.push_back(end);
        }
    }
}

TEST(TraceWriter, LanesAreNamedAfterTheWorkersAndEveryEventHasOne) {
    TraceWriter trace;
    {
        WorkerPool pool({.thread_count_override = 12, .name_prefix = "nebula-worker"});
        pool.broadcast([](int) {}, "hello");
        NEBULA_TRACE_ZONE("here");
    }
    const std::vector<json> events = events_of(trace);
    const std::map<int, std::string> lanes = lanes_of(events);
    std::set<std::string> names;
    for (const auto& [number, name] : lanes) names.insert(name);
    for (int i = 0; i < 12; ++i)
        EXPECT_TRUE(names.contains("nebula-worker-" + std::to_string(i))) << i;
    EXPECT_TRUE(names.contains("main"));
    EXPECT_EQ(count_of(events, "X", "hello"), 12U);
    for (const json& event : events) {
        EXPECT_EQ(event.at("pid"), getpid());
        if (event.at("ph") != "M") {
            EXPECT_TRUE(lanes.contains(event.at("tid"))) << event;
        }
    }
}

TEST(TraceWriter, ATaskThatWaitsEnclosesWhatItHelpsWith) {
    TraceWriter trace;
    {
        WorkerPool pool({.thread_count_override = 2});
        pool.scope([&pool](Scope<>& outer) {
            for (int i = 0; i < 50; ++i)
                outer.spawn(
                    [&pool] {
                        pool.scope([](Scope<>& inner) {
                            for (int k = 0; k < 20; ++k)
                                inner.spawn([] { NEBULA_TRACE_ZONE("zone"); }, "inner");
                        });
                    },
                    "outer");
        });
    }
    const std::vector<json> events = events_of(trace);
    EXPECT_EQ(count_of(events, "X", "outer"), 50U);
    EXPECT_EQ(count_of(events, "X", "inner"), 1000U);
    EXPECT_EQ(count_of(events, "X", "zone"), 1000U);
    expect_nested(events);
}

TEST(TraceWriter, NoEventIsLostUnderLoadWhileSomebodyWrites) {
#if defined(NEBULA_SANITIZED)  // reading the events back takes long there
    constexpr std::size_t kTasks = 5'000;
#else
    constexpr std::size_t kTasks = 30'000;
#endif
    TraceWriter trace;
    {
        WorkerPool pool({.thread_count_override = 3});
        std::atomic<bool> done{false};
        std::jthread writer([&] {
            while (!done) expect_nested(events_of(trace));
        });
        std::jthread foreign([&] {
            for (std::size_t i = 0; i < kTasks; ++i) pool.spawn([] {}, {.name = "detached"});
        });
        pool.scope([](Scope<>& scope) {
            for (std::size_t i = 0; i < kTasks; ++i) scope.spawn([] {}, "grouped");
            scope.spawn_batch(
                kTasks, [](std::size_t) {}, "batched");
        });
        foreign.join();
        done = true;
    }
    const std::vector<json> events = events_of(trace);
    EXPECT_EQ(trace.dropped(), 0U);
    EXPECT_EQ(count_of(events, "X", "detached"), kTasks);
    EXPECT_EQ(count_of(events, "X", "grouped"), kTasks);
    EXPECT_EQ(count_of(events, "X", "batched"), kTasks);
    expect_nested(events);
}

TEST(TraceWriter, TellsOfParksWakesAndSteals) {
    TraceWriter trace;
    std::uint64_t parks = 0;
    std::uint64_t steals = 0;
    {
        WorkerPool pool({.thread_count_override = 2});
        // The spawner stays until its child has run: the other worker must have taken it.
        for (int i = 0; i < 20; ++i) {
            std::latch parent_ran(1);
            pool.spawn([&] {
                std::latch child_ran(1);
                pool.spawn([&child_ran] { child_ran.count_down(); });
                child_ran.wait();
                parent_ran.count_down();
            });
            parent_ran.wait();
        }
        while (pool.counters(0).parks == 0) std::this_thread::yield();
        for (const WorkerCounters& worker : pool.counters()) steals += worker.steals;
    }
    const std::vector<json> events = events_of(trace);
    for (const json& event : events) parks += event.at("name") == "parked" ? 1U : 0U;
    EXPECT_GT(parks, 0U);
    EXPECT_GT(count_of(events, "i", "wake"), 0U);
    EXPECT_GE(steals, 20U);
    EXPECT_EQ(count_of(events, "i", "steal"), steals);
}

TEST(TraceWriter, ATaskThatThrowsEndsInTheTraceToo) {
    TraceWriter trace;
    {
        WorkerPool pool({.thread_count_override = 1, .on_panic = [](const PanicInfo&) {}});
        pool.spawn([] { throw std::runtime_error("on purpose"); }, {.name = "fails"});
        pool.spawn([] {}, {.name = "after"});
    }
    const std::vector<json> events = events_of(trace);
    EXPECT_EQ(count_of(events, "X", "fails"), 1U);
    EXPECT_EQ(count_of(events, "X", "after"), 1U);
    expect_nested(events);
    std::int64_t fails_end = 0;
    std::int64_t after_begin = 0;
    for (const json& event : events) {
        if (event.at("name") == "fails") fails_end = ns(event, "ts") + ns(event, "dur");
        if (event.at("name") == "after") after_begin = ns(event, "ts");
    }
    EXPECT_LE(fails_end, after_begin);
}

TEST(TraceWriter, AnyNameMakesAReadableFile) {
    static constexpr const char* kNames[] = {"say \"hi\"", "back\\slash", "new\nline\t\x01",
                                             "\xff not UTF-8 \xc3", "Höhle"};
    TraceWriter trace;
    {
        WorkerPool pool({.thread_count_override = 1, .name_prefix = "odd \"prefix\"\n"});
        for (const char* name : kNames) pool.spawn([] {}, {.name = name});
        pool.spawn([] {});
    }
    const std::vector<json> events = events_of(trace);
    for (const char* name :
         {kNames[0], kNames[1], kNames[2], "\uFFFD not UTF-8 \uFFFD", kNames[4], "unnamed"})
        EXPECT_EQ(count_of(events, "X", name), 1U) << name;
    std::set<std::string> lanes;
    for (const auto& [number, name] : lanes_of(events)) lanes.insert(name);
    EXPECT_TRUE(lanes.contains("odd \"prefix\"\n-0"));
}

TEST(TraceWriter, WhatIsStillOpenEndsWithTheTrace) {
    TraceWriter trace;
    std::latch inside(1);  // both before the pool, whose worker may still be leaving the gate
    std::latch gate(1);
    WorkerPool pool({.thread_count_override = 1});
    pool.spawn(
        [&] {
            inside.count_down();
            gate.wait();
        },
        {.name = "open"});
    inside.wait();
    EXPECT_EQ(count_of(events_of(trace), "X", "open"), 1U);
    gate.count_down();
}

TEST(TraceWriter, ANewWriterKnowsNothingOfTheOldOne) {
    WorkerPool pool({.thread_count_override = 2});
    for (int round = 0; round < 3; ++round) {
        TraceWriter trace;
        EXPECT_EQ(count_of(events_of(trace), "X", "of this round"), 0U);
        pool.scope([](Scope<>& scope) {
            for (int i = 0; i < 10'000; ++i) scope.spawn([] {}, "of this round");
        });
        EXPECT_EQ(count_of(events_of(trace), "X", "of this round"), 10'000U);
    }
    pool.scope([](Scope<>& scope) { scope.spawn([] {}, "unheard"); });
    TraceWriter trace;
    EXPECT_EQ(count_of(events_of(trace), "X", "unheard"), 0U);
}

TEST(TraceWriter, WhatIsOverTheLimitIsCounted) {
    TraceWriter trace({.max_events_per_thread = 100});
    for (int i = 0; i < 100; ++i) {
        NEBULA_TRACE_ZONE("zone");
    }
    EXPECT_EQ(trace.dropped(), 100U);
    EXPECT_EQ(count_of(events_of(trace), "X", "zone"), 50U);
}

TEST(TraceWriter, ARingHasWhatIsYoungAndNoMore) {
    TraceWriter trace({.keep = 50ms});
    { NEBULA_TRACE_ZONE("long ago"); }
    {
        NEBULA_TRACE_ZONE("began long ago");
        std::this_thread::sleep_for(80ms);
        NEBULA_TRACE_ZONE("just now");
    }
    const std::vector<json> events = events_of(trace);
    EXPECT_EQ(count_of(events, "X", "long ago"), 0U);
    EXPECT_EQ(count_of(events, "X", "just now"), 1U);
    expect_nested(events);
    for (const json& event : events)
        if (event.at("ph") == "X" && event.at("name") == "began long ago") {
            EXPECT_EQ(ns(event, "ts"), 0);
            EXPECT_LE(ns(event, "dur"), 50'000'000);
        }
}

TEST(TraceWriter, ARingOverwritesTheOldestWhenItIsFull) {
    constexpr std::size_t kLimit = 4 * detail::Lane::kChunkEvents;
    TraceWriter trace({.max_events_per_thread = kLimit, .keep = 1h});
    { NEBULA_TRACE_ZONE("first"); }
    for (std::size_t i = 0; i < 10 * kLimit; ++i) {
        NEBULA_TRACE_ZONE("zone");
    }
    { NEBULA_TRACE_ZONE("last"); }
    const std::vector<json> events = events_of(trace);
    EXPECT_EQ(trace.dropped(), 0U);
    EXPECT_EQ(count_of(events, "X", "first"), 0U);
    EXPECT_EQ(count_of(events, "X", "last"), 1U);
    EXPECT_GE(count_of(events, "X", "zone"), 3 * detail::Lane::kChunkEvents / 2);
    EXPECT_LE(count_of(events, "X", "zone"), kLimit / 2);
}

// Also for the race sanitizer.
TEST(TraceWriter, ARingIsReadWhileItTurns) {
    TraceWriter trace({.max_events_per_thread = 3 * detail::Lane::kChunkEvents, .keep = 1ms});
    std::atomic<bool> enough{false};
    {
        WorkerPool pool({.thread_count_override = 2});
        for (int i = 0; i < 2; ++i)
            pool.spawn([&enough] {
                while (!enough.load(std::memory_order_relaxed)) {  // no data goes with it
                    NEBULA_TRACE_ZONE("zone");
                }
            });
        for (int i = 0; i < 20; ++i) expect_nested(events_of(trace));
        enough.store(true, std::memory_order_relaxed);
    }
}

TEST(TraceWriter, WritesAFileIntoAFolderThatItMakes) {
    const fs::path folder =
        fs::temp_directory_path() / ("nebula-trace-" + std::to_string(getpid()));
    TraceWriter trace;
    { NEBULA_TRACE_ZONE("zone"); }
    trace.write(folder / "deep/trace.json");
    std::ifstream file(folder / "deep/trace.json");
    EXPECT_EQ(count_of(json::parse(file).at("traceEvents").get<std::vector<json>>(), "X", "zone"),
              1U);
    file.close();
    fs::remove_all(folder);
}

TEST(TraceWriter, AFileThatCannotBeWrittenIsToldByItsName) {
    const TraceWriter trace;
    const fs::path file =
        fs::temp_directory_path() / ("nebula-no-folder-" + std::to_string(getpid()));
    std::ofstream(file) << "a file";
    try {
        trace.write(file / "trace.json");
        ADD_FAILURE() << "no error";
    } catch (const std::system_error& error) {
        EXPECT_NE(std::string(error.what())
                      .find("cannot write the trace file " + (file / "trace.json").string()),
                  std::string::npos)
            << error.what();
    }
    fs::remove(file);
#if defined(__linux__)
    EXPECT_THROW(trace.write("/dev/full"), std::system_error);
#endif
}

}  // namespace
}  // namespace nebula

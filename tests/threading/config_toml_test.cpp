// SPDX-License-Identifier: MIT
#include "nebula/threading/config_toml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace nebula {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

// What the error says; it is always one sentence on one line.
std::string error_of(std::string_view text) {
    try {
        (void)parse_worker_pool_config(text, "game.toml");
    } catch (const ConfigError& error) {
        std::string what = error.what();
        EXPECT_EQ(std::ranges::count(what, '\n'), 0) << what;
        EXPECT_TRUE(what.ends_with('.')) << what;
        return what;
    }
    return "no error";
}

TEST(ConfigToml, ReadsAllKeys) {
    const WorkerPoolConfig config = parse_worker_pool_config(
        "title = \"other\"\n"
        "[threading.worker_pool]\n"
        "thread_count = 6\nreserved_cores = 1\nstack_size_bytes = 1_048_576\n"
        "background_reserve = 3\nutilization_window_ms = 250\nbackground_nice = 10\nio_threads = "
        "2\n"
        "pin_workers = true\nrun_inline = true\nname_prefix = \"game\"\n"
        "[voxel]\nthread_count = \"not ours\"\n",
        "game.toml");
    EXPECT_EQ(config.thread_count_override, 6);
    EXPECT_EQ(config.reserved_cores, 1);
    EXPECT_EQ(config.stack_size_bytes, 1'048'576U);
    EXPECT_EQ(config.background_reserve, 3);
    EXPECT_EQ(config.utilization_window, std::chrono::milliseconds(250));
    EXPECT_EQ(config.background_nice, 10);
    EXPECT_EQ(config.io_threads, 2);
    EXPECT_TRUE(config.pin_workers);
    EXPECT_TRUE(config.run_inline);
    EXPECT_EQ(config.name_prefix, "game");
}

TEST(ConfigToml, WhatIsAbsentKeepsItsDefault) {
    const WorkerPoolConfig defaults;
    for (const char* text :
         {"", "[threading]\n", "[threading.worker_pool]\n", "[other]\nx = 1\n"}) {
        const WorkerPoolConfig config = parse_worker_pool_config(text, "game.toml");
        EXPECT_EQ(config.thread_count_override, defaults.thread_count_override) << text;
        EXPECT_EQ(config.reserved_cores, defaults.reserved_cores) << text;
        EXPECT_EQ(config.stack_size_bytes, defaults.stack_size_bytes) << text;
        EXPECT_EQ(config.background_reserve, defaults.background_reserve) << text;
        EXPECT_EQ(config.utilization_window, defaults.utilization_window) << text;
        EXPECT_EQ(config.background_nice, defaults.background_nice) << text;
        EXPECT_EQ(config.pin_workers, defaults.pin_workers) << text;
        EXPECT_EQ(config.name_prefix, defaults.name_prefix) << text;
    }
}

TEST(ConfigToml, AValueOutOfRangeIsToldWithFileLineKeyAndRange) {
    EXPECT_EQ(error_of("\n[threading.worker_pool]\nthread_count = 0\n"),
              "game.toml, line 3: thread_count in [threading.worker_pool] must be a whole number "
              "from 1 to 1024, and is 0.");
    EXPECT_EQ(error_of("[threading.worker_pool]\nreserved_cores = -1\n"),
              "game.toml, line 2: reserved_cores in [threading.worker_pool] must be a whole number "
              "from 0 to 1024, and is -1.");
    EXPECT_EQ(error_of("[threading.worker_pool]\nstack_size_bytes = 4096\n"),
              "game.toml, line 2: stack_size_bytes in [threading.worker_pool] must be a whole "
              "number from 65536 to 1073741824, and is 4096.");
    EXPECT_THAT(error_of("[threading.worker_pool]\nthread_count = 9223372036854775807\n"),
                HasSubstr("1 to 1024"));
    for (const auto& [key, range, wrong] :
         {std::tuple("background_reserve", "0 to 1024", "-1"),
          std::tuple("background_reserve", "0 to 1024", "1025"),
          std::tuple("utilization_window_ms", "10 to 60000", "9"),
          std::tuple("utilization_window_ms", "10 to 60000", "60001"),
          std::tuple("background_nice", "0 to 19", "-1"),
          std::tuple("background_nice", "0 to 19", "20"), std::tuple("io_threads", "0 to 64", "-1"),
          std::tuple("io_threads", "0 to 64", "65")})
        EXPECT_EQ(error_of(std::string("[threading.worker_pool]\n") + key + " = " + wrong),
                  std::string("game.toml, line 2: ") + key +
                      " in [threading.worker_pool] must be a whole number from " + range +
                      ", and is " + wrong + ".");
}

TEST(ConfigToml, PinningIsTrueOrFalse) {
    EXPECT_FALSE(
        parse_worker_pool_config("[threading.worker_pool]\npin_workers = false\n", "").pin_workers);
    for (const auto& [value, kind] :
         {std::pair("1", "a whole number"), std::pair("\"yes\"", "a string")})
        EXPECT_EQ(error_of(std::string("[threading.worker_pool]\npin_workers = ") + value),
                  std::string("game.toml, line 2: pin_workers in [threading.worker_pool] must be "
                              "true or false, and is ") +
                      kind + ".");
}

TEST(ConfigToml, ANameHasOneToSixtyFourBytesAndNoControlCharacters) {
    const std::string must =
        "game.toml, line 2: name_prefix in [threading.worker_pool] must be a string of 1 to 64 "
        "bytes without control characters, and is ";
    const auto with_name = [](const std::string& value) {
        return "[threading.worker_pool]\nname_prefix = " + value + "\n";
    };
    EXPECT_EQ(error_of(with_name("\"\"")), must + "empty.");
    EXPECT_EQ(error_of(with_name("7")), must + "a whole number.");
    EXPECT_EQ(error_of(with_name('"' + std::string(65, 'x') + '"')), must + "65 long.");
    EXPECT_EQ(error_of(with_name('"' + std::string(64, 'x') + '"')), "no error");
    EXPECT_EQ(error_of(with_name(R"("a\nb")")), must + "one with character 10.");
    EXPECT_EQ(error_of(with_name(R"("a\u0000b")")), must + "one with character 0.");
}

TEST(ConfigToml, AWrongTypeIsToldWithFileLineKeyAndRange) {
    for (const auto& [value, kind] :
         {std::pair("\"four\"", "a string"), std::pair("4.5", "a number with a fraction"),
          std::pair("true", "true or false"), std::pair("[4]", "an array"),
          std::pair("{ x = 4 }", "a table"), std::pair("1979-05-27", "a date or a time")})
        EXPECT_EQ(error_of(std::string("[threading.worker_pool]\nthread_count = ") + value),
                  std::string("game.toml, line 2: thread_count in [threading.worker_pool] must be "
                              "a whole number from 1 to 1024, and is ") +
                      kind + ".");
}

TEST(ConfigToml, AnUnknownKeyIsToldWithThoseThatExist) {
    EXPECT_EQ(error_of("[threading.worker_pool]\nthread_count = 2\nthreads = 4\n"),
              "game.toml, line 3: [threading.worker_pool] has no key \"threads\": it knows "
              "thread_count (1 to 1024), reserved_cores (0 to 1024), stack_size_bytes (65536 to "
              "1073741824), background_reserve (0 to 1024), utilization_window_ms (10 to 60000), "
              "background_nice (0 to 19), io_threads (0 to 64), pin_workers (true or false), "
              "run_inline (true or false) and name_prefix (1 to 64 bytes).");
    EXPECT_EQ(error_of("[threading.worker_pol]\nthread_count = 2\n"),
              "game.toml, line 1: [threading] has no table or key \"worker_pol\": it knows "
              "[threading.worker_pool].");
    EXPECT_EQ(error_of("[threading]\nthread_count = 2\n"),
              "game.toml, line 2: [threading] has no table or key \"thread_count\": it knows "
              "[threading.worker_pool].");
}

TEST(ConfigToml, WhatIsNotATableIsTold) {
    EXPECT_EQ(error_of("threading = 3\n"), "game.toml, line 1: [threading] must be a table.");
    EXPECT_EQ(error_of("[threading]\nworker_pool = 3\n"),
              "game.toml, line 2: [threading.worker_pool] must be a table.");
    EXPECT_THAT(error_of("[[threading.worker_pool]]\nthread_count = 3\n"),
                HasSubstr("must be a table"));
}

TEST(ConfigToml, BrokenTomlIsToldWithItsLine) {
    EXPECT_THAT(error_of("[threading.worker_pool]\nthread_count = \n"),
                StartsWith("game.toml, line 2: this is not TOML: "));
    EXPECT_THAT(error_of("[threading.worker_pool\n"),
                StartsWith("game.toml, line 1: this is not TOML: "));
    EXPECT_THAT(error_of("thread_count = 1\nthread_count = 2\n"),
                StartsWith("game.toml, line 2: this is not TOML: "));
    EXPECT_THAT(error_of(std::string_view("\xff\xfe\x00", 3)), HasSubstr("not TOML"));
    // Where the parser has assertions of its own.
    for (const char* text :
         {"[=", "[.a]", "[[[", "[", "[a.", "=", "a.=1", "[[a", "x = [=", "x = {="})
        EXPECT_THAT(error_of(text), HasSubstr("not TOML")) << text;
}

TEST(ConfigToml, LoadsAFileAndTellsOneThatCannotBeRead) {
    const fs::path folder =
        fs::temp_directory_path() / ("nebula-config-" + std::to_string(getpid()));
    fs::create_directories(folder);
    const fs::path file = folder / "game.toml";
    std::ofstream(file) << "[threading.worker_pool]\nthread_count = 3\n";
    EXPECT_EQ(load_worker_pool_config(file).thread_count_override, 3);

    std::ofstream(file) << "[threading.worker_pool]\nthread_count = 3000\n";
    try {
        (void)load_worker_pool_config(file);
        ADD_FAILURE() << "no error";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), StartsWith(file.string() + ", line 2: thread_count"));
    }
    try {
        (void)load_worker_pool_config(folder / "absent.toml");
        ADD_FAILURE() << "no error";
    } catch (const ConfigError& error) {
        EXPECT_EQ(std::string(error.what()),
                  (folder / "absent.toml").string() +
                      ": cannot read this configuration file: No such file or directory.");
    }
    try {
        (void)load_worker_pool_config(folder);
        ADD_FAILURE() << "no error";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("it is a folder."));
    }
#if defined(__linux__)  // one that opens, and whose first byte cannot be read
    EXPECT_THROW((void)load_worker_pool_config("/proc/self/mem"), ConfigError);
#endif
    fs::remove_all(folder);
}

}  // namespace
}  // namespace nebula

// SPDX-License-Identifier: MIT
// What it takes to save a world and to open a large one. These rows are about a disk: the file lies
// in the system's folder for temporary files.
#include "nebula/base/clock.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/store/brick_codec.hpp"
#include "nebula/voxel/store/seal.hpp"
#include "nebula/voxel/store/world_file.hpp"
#include "nebula/voxel/store/world_store.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using Seconds = std::chrono::duration<double>;

// CPU time of the calling thread, or of all: the machine's other work cannot lengthen it.
double cpu_seconds(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

class TemporaryFile {
public:
    TemporaryFile() {
        std::string name = (std::filesystem::temp_directory_path() / "nebula-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~TemporaryFile() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] std::string name() const { return (folder_ / "world").string(); }

private:
    std::filesystem::path folder_;
};

/// Bricks of level 0 that the surface of hills passes through, from the origin outwards.
std::vector<EditedBrick> hills(std::size_t count) {
    const NoiseGenerator noise{NoiseSettings{}};
    std::vector<EditedBrick> bricks;
    Brick samples;
    for (std::int32_t side = 0; bricks.size() < count; ++side)
        for (std::int32_t i = 0; i < 2 * side + 1 && bricks.size() < count; ++i)
            for (std::int32_t y = -4; y < 4 && bricks.size() < count; ++y) {
                const BrickId id =
                    i <= side ? BrickId{{side, y, i}} : BrickId{{i - side - 1, y, side}};
                noise.generate(brick_region(id), samples.samples.data(), kBrickSize,
                               kBrickSize * kBrickSize);
                BrickPtr brick = make_brick(samples);
                if (!is_uniform(brick.get())) bricks.push_back({id, std::move(brick)});
            }
    return bricks;
}

// 10 000 bricks of hills, all unsaved: from the call to the answer that says they are durable.
// Counters: the longest that the owner thread was in one call, CPU time of all threads, and the
// file's bytes per brick.
void save_10k(benchmark::State& state) {
    constexpr std::size_t count = 10'000;
    const auto bricks = hills(count);
    double owner_ms = 0;
    double bytes = 0;
    double cpu_ms = 0;
    for (auto _ : state) {
        const TemporaryFile file;
        Volume volume(std::make_shared<NoiseGenerator>(NoiseSettings{}));
        std::vector<EditedBrick> copies;
        copies.reserve(bricks.size());
        for (const EditedBrick& brick : bricks)
            copies.push_back({brick.id, make_brick(*brick.samples)});
        volume.publish_edited(volume.prepare(std::move(copies)));
        auto closing = std::make_unique<WorldStore>(file.name(), WorldFileSettings{});
        WorldStore& store = *closing;
        store.open({});
        store.wait();
        const auto timed = [&](auto&& call) {
            const double start = cpu_seconds();
            call();
            owner_ms = std::max(owner_ms, 1e3 * (cpu_seconds() - start));
        };
        bool durable = false;
        const double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
        const auto start = Clock::now();
        timed([&] {
            store.save(volume.begin_save(), {}, [&](auto&& saved) {
                durable = saved.has_value();
                volume.end_save(durable);
            });
        });
        for (std::size_t answers = 0; answers == 0; ::usleep(200))
            timed([&] { answers = store.receive(); });
        state.SetIterationTime(Seconds(Clock::now() - start).count());
        cpu_ms = 1e3 * (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        if (!durable || store.keys().size() != count) state.SkipWithError("not all were saved");
        closing.reset();
        bytes = static_cast<double>(std::filesystem::file_size(file.name()));
    }
    state.counters["owner_ms"] = owner_ms;
    state.counters["cpu_ms"] = cpu_ms;
    state.counters["bytes_per_brick"] = bytes / count;
}

// A file of a million bricks of hills, written without care, because it takes long enough.
void make_large_file(const std::string& name, std::size_t count) {
    WorldFile::open(name, {})->reset();
    const auto bricks = hills(1000);
    std::vector<std::vector<std::byte>> coded(bricks.size());
    BrickEncoder encoder;
    for (std::size_t i = 0; i < bricks.size(); ++i) encoder.append(*bricks[i].samples, coded[i]);
    sqlite3* database = nullptr;
    sqlite3_open(name.c_str(), &database);
    const auto run = [&](const char* sql) {
        sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
    };
    run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
    sqlite3_stmt* brick = nullptr;
    sqlite3_stmt* page = nullptr;
    sqlite3_prepare_v2(database, "INSERT INTO bricks VALUES (?, ?)", -1, &brick, nullptr);
    sqlite3_prepare_v2(database, "INSERT INTO pages VALUES (?, ?)", -1, &page, nullptr);
    // 64 bricks to a page, as where the ground passes through.
    std::vector<std::byte> bits(64);
    for (std::size_t i = 0; i < 8; ++i) bits[i * 8] = std::byte{0xFF};
    const BrickKey first = *key_of({{-256, 0, -256}}) & ~BrickKey{511};
    std::vector<std::byte> bytes;
    for (std::size_t n = 0; n < count / 64; ++n) {
        sqlite3_bind_int64(page, 1, static_cast<std::int64_t>((first >> 9U) + n));
        sqlite3_bind_blob(page, 2, bits.data(), static_cast<int>(bits.size()), SQLITE_STATIC);
        sqlite3_step(page);
        sqlite3_reset(page);
        for (BrickKey i = 0; i < 64; ++i) {
            const BrickKey key = first + n * 512 + i / 8 * 64 + i % 8;
            bytes = coded[(n * 64 + i) % coded.size()];
            seal(key, bytes);
            sqlite3_bind_int64(brick, 1, static_cast<std::int64_t>(key));
            sqlite3_bind_blob(brick, 2, bytes.data(), static_cast<int>(bytes.size()),
                              SQLITE_STATIC);
            sqlite3_step(brick);
            sqlite3_reset(brick);
        }
    }
    sqlite3_finalize(brick);
    sqlite3_finalize(page);
    run("COMMIT; PRAGMA journal_mode=WAL");
    sqlite3_close(database);
}

double resident_mb() {
    std::size_t total = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// Opens such a file as a game does, and gathers a chunk, whose bricks it reads.
void open_large(benchmark::State& state, std::size_t count) {
    const TemporaryFile file;
    // By another process: what it takes to make the file is not what it takes to open it.
    if (const pid_t child = ::fork(); child == 0) {
        make_large_file(file.name(), count);
        ::_exit(0);
    } else {
        ::waitpid(child, nullptr, 0);
    }
    double most_mb = 0;
    auto block = std::make_unique<SampleBlock>();
    for (auto _ : state) {
        const double before = resident_mb();
        const auto start = Clock::now();
        World world(std::make_shared<NoiseGenerator>(NoiseSettings{}));
        WorldSaver saver(world, file.name(), {.memory_limit = std::size_t{64} << 20U});
        saver.wait();
        world.volume().gather({{-126, 1, -126}}, *block);
        state.SetIterationTime(Seconds(Clock::now() - start).count());
        most_mb = std::max(most_mb, resident_mb() - before);
        if (saver.store().keys().size() != count / 64 * 64 ||
            world.file_bricks().bytes() < 8 * sizeof(Brick))
            state.SkipWithError("the file is not what it should be");
    }
    state.counters["MB"] = most_mb;
    state.counters["file_MB"] = static_cast<double>(std::filesystem::file_size(file.name())) / 1e6;
}

}  // namespace
}  // namespace nebula::voxel

int main(int argc, char** argv) {
#if !defined(NDEBUG) || defined(NEBULA_SANITIZED)
    std::fputs("store_bench: no times from a build with assertions or sanitizers\n", stderr);
    return 1;
#else
    using namespace nebula::voxel;
    for (const auto& [name, count] : {std::pair{"open.100k", 100'000}, {"open.1M", 1'000'000}})
        benchmark::RegisterBenchmark(name, open_large, static_cast<std::size_t>(count))
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond)
            ->Iterations(3);
    // Last: it leaves memory behind that the others would find.
    benchmark::RegisterBenchmark("save.10k", save_10k)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(3);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
#endif
}

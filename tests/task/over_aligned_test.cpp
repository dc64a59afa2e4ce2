// SPDX-License-Identifier: MIT
// Locals, parameters, captures and values that need more alignment than operator new gives by
// default. The compilers do not tell a coroutine's operator new about them unless asked.
#include "fake_loop.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/par_await.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/timeout.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/when_any.hpp"
#include "nebula/task/worker_hop.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nebula {
namespace {

using test::FakeLoop;

/// Looks at the address at run time: a compiler may fold a comparison by the type's alignment.
[[gnu::noinline]] bool is_aligned(const void* address, std::size_t alignment) {
    asm volatile("" : "+r"(address));
    return reinterpret_cast<std::uintptr_t>(address) % alignment == 0;
}

/// kBytes of a pattern, at an address that is a multiple of kAlignment.
template <std::size_t kAlignment, std::size_t kBytes>
class alignas(kAlignment) Aligned {
public:
    explicit Aligned(int seed = 0) noexcept : seed_(static_cast<unsigned char>(seed)) {
        std::memset(bytes_, seed_, kBytes);
    }
    /// It lies where it must, and nobody has written over it.
    [[nodiscard]] bool is_sound() const {
        for (const unsigned char byte : bytes_)
            if (byte != seed_) return false;
        return is_aligned(this, kAlignment);
    }

private:
    unsigned char seed_;
    unsigned char bytes_[kBytes];
};

template <class Shape>
class OverAligned : public testing::Test {
public:  // for the coroutines of the tests
    using Value = Aligned<Shape::kAlignment, Shape::kBytes>;
    static constexpr std::size_t kOtherBytes = Shape::kOtherBytes;

    /// A local that lives across a wait, beside an ordinary one that moves it about in the frame.
    static task<int> with_local(int seed) {
        unsigned char other[kOtherBytes];
        std::memset(other, seed, sizeof other);
        const Value local(seed);
        int bad = local.is_sound() ? 0 : 1;
        co_await next_frame();
        if (!local.is_sound()) ++bad;
        for (const unsigned char byte : other)
            if (byte != static_cast<unsigned char>(seed)) ++bad;
        co_return bad;
    }
    static task<int> with_parameter(Value parameter, char) {
        int bad = parameter.is_sound() ? 0 : 1;
        co_await next_frame();
        co_return bad + (parameter.is_sound() ? 0 : 1);
    }
    static task<Value> giving_value(int seed) {
        co_await next_frame();
        co_return Value(seed);
    }
    static task<int> with_children(int depth) {
        const Value local(depth);
        int bad = depth == 0 ? 0 : co_await with_children(depth - 1);
        bad += co_await with_local(depth);
        bad += co_await with_parameter(Value(depth), 'c');
        const Value value = co_await giving_value(depth);
        co_return bad + (value.is_sound() ? 0 : 1) + (local.is_sound() ? 0 : 1);
    }

    int run(task<int> body) {
        const TaskHandle<int> handle = loop_.runtime.spawn(std::move(body));
        while (handle.is_pending()) {
            loop_.frame();
            std::this_thread::yield();
        }
        return handle.result();
    }

    WorkerPool pool_{{.thread_count_override = 2}};
    FakeLoop loop_;
};

template <std::size_t kAlign, std::size_t kSize, std::size_t kOther>
struct ShapeOf {
    static constexpr std::size_t kAlignment = kAlign;
    static constexpr std::size_t kBytes = kSize;
    static constexpr std::size_t kOtherBytes = kOther;
};
using FewShapes =
    testing::Types<ShapeOf<32, 33, 100>, ShapeOf<64, 200, 500>, ShapeOf<4096, 5000, 100>>;
#ifdef __clang__
// With sizes at which a frame's size is no multiple of its alignment.
using Shapes =
    testing::Types<ShapeOf<32, 1, 1>, ShapeOf<32, 33, 100>, ShapeOf<32, 96, 77>,
                   ShapeOf<32, 1, 1000>, ShapeOf<64, 60, 1>, ShapeOf<64, 200, 500>,
                   ShapeOf<128, 1, 100>, ShapeOf<256, 500, 9>, ShapeOf<512, 1, 700>,
                   ShapeOf<1024, 1, 1>, ShapeOf<2048, 9, 3000>, ShapeOf<4096, 5000, 100>>;
#else
using Shapes = FewShapes;
#endif
TYPED_TEST_SUITE(OverAligned, Shapes);

// What stands on the frames, each with few shapes: they differ in the frames only.
template <class Shape>
class OverAlignedParts : public OverAligned<Shape> {};
TYPED_TEST_SUITE(OverAlignedParts, FewShapes);

TYPED_TEST(OverAligned, LocalsParametersAndValuesOfATaskAndItsChildren) {
    EXPECT_EQ(this->run(this->with_local(1)), 0);
    EXPECT_EQ(this->run(this->with_parameter(typename TestFixture::Value(2), 'p')), 0);
    EXPECT_EQ(this->run(this->with_children(5)), 0);
    const auto handle = this->loop_.runtime.spawn(this->giving_value(3));
    this->loop_.settled_frames(2);
    EXPECT_TRUE(handle.result().is_sound()) << "the value in its record";
}

TYPED_TEST(OverAligned, CapturesOfWhatIsSpawned) {
    using Held = typename TestFixture::Value;
    const auto check = [value = Held(4)]() -> task<int> {
        int bad = value.is_sound() ? 0 : 1;
        co_await next_frame();
        co_return bad + (value.is_sound() ? 0 : 1);
    };
    const TaskHandle<int> here = this->loop_.runtime.spawn(check);
    const TaskHandle<int> posted = this->loop_.runtime.spawn_from_any_thread(check);
    this->loop_.settled_frames(3);
    EXPECT_EQ(here.result(), 0);
    EXPECT_EQ(posted.result(), 0);
}

TYPED_TEST(OverAlignedParts, BranchesAndChildrenOfAScope) {
    EXPECT_EQ(this->run([](TestFixture& test) -> task<int> {
        auto [one, two] = co_await when_all(test.with_local(1), test.with_children(1));
        auto winner = co_await when_any(test.giving_value(7), sleep_for(99.0));
        auto limited = co_await timeout(test.giving_value(8), 99.0);
        TaskScope scope(test.loop_.runtime);
        const TaskHandle<int> child = scope.spawn(test.with_local(2));
        co_await scope.join();
        co_return one + two + child.result() + (std::get<0>(winner).is_sound() ? 0 : 1) +
            (limited.is_sound() ? 0 : 1);
    }(*this)),
              0);
}

TYPED_TEST(OverAlignedParts, HopsToWorkersAndFramesMadeThere) {
    using Held = typename TestFixture::Value;
    EXPECT_EQ(this->run([](TestFixture& test) -> task<int> {
        const Held local(9);
        int bad = 0;
        for (int i = 0; i < 3; ++i) {
            co_await worker(test.pool_);
            // Its frame is made on a worker and goes on the owner thread.
            bad += co_await [](int seed) -> task<int> {
                const Held made_there(seed);
                const int before = made_there.is_sound() ? 0 : 1;
                co_await main_thread();
                co_return before + (made_there.is_sound() ? 0 : 1);
            }(i);
            if (!local.is_sound()) ++bad;
        }
        co_return bad;
    }(*this)),
              0);
}

TYPED_TEST(OverAlignedParts, JobsAndLoopsOnThePool) {
    using Held = typename TestFixture::Value;
    EXPECT_EQ(this->run([](TestFixture& test) -> task<int> {
        auto job =
            test.pool_.run([value = Held(1)] { return value.is_sound() ? value : Held(99); });
        const Held back = co_await job;
        std::atomic<int> bad = 0;
        auto loop = pool_for(test.pool_, 10, 1, [&bad, value = Held(2)](std::size_t) {
            if (!value.is_sound()) ++bad;
        });
        co_await loop;
        co_return bad + (back.is_sound() ? 0 : 1);
    }(*this)),
              0);
}

#if defined(__x86_64__)
[[gnu::target("avx")]] int lanes_that_differ(const __m256& vector, float expected) {
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, vector);
    int bad = 0;
    for (const float lane : lanes)
        if (lane != expected) ++bad;
    return bad;
}
[[gnu::target("avx")]] void fill(__m256& vector, float value) { vector = _mm256_set1_ps(value); }

TEST(OverAlignedVectors, AnAvxRegisterLivesAcrossWaits) {
    if (__builtin_cpu_supports("avx") == 0) GTEST_SKIP() << "this CPU has no AVX";
    FakeLoop loop;
    std::vector<TaskHandle<int>> tasks;
    for (int i = 0; i < 20; ++i) {
        tasks.push_back(loop.runtime.spawn([](int n) -> task<int> {
            __m256 vector;
            fill(vector, static_cast<float>(n));
            int bad = 0;
            for (int frame = 0; frame < 3; ++frame) {
                co_await next_frame();
                bad += lanes_that_differ(vector, static_cast<float>(n));
            }
            co_return bad;
        }(i)));
    }
    loop.settled_frames(4);
    for (const TaskHandle<int>& each : tasks) EXPECT_EQ(each.result(), 0);
}
#endif

TEST(OverAlignedBlocks, EveryAlignmentAndSizeFromThePoolAndTheHeap) {
    const task_detail::FramePool::User user;
    const auto take_and_give_back = [] {
        std::vector<std::pair<unsigned char*, std::size_t>> blocks;
        for (std::size_t alignment = 1; alignment <= 65'536; alignment *= 2) {
            for (const std::size_t size : {0UL, 1UL, 100UL, 4096UL, 5000UL, 100'000UL}) {
                auto* const block =
                    static_cast<unsigned char*>(task_detail::allocate_frame(size, alignment));
                ASSERT_TRUE(is_aligned(block, alignment)) << size << " at " << alignment;
                std::memset(block, static_cast<int>(alignment % 251), size);
                blocks.emplace_back(block, alignment % 251);
            }
        }
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (i % 6 != 0) {
                ASSERT_EQ(*blocks[i].first, blocks[i].second);
            }
            task_detail::free_frame(blocks[i].first);
        }
    };
    take_and_give_back();
    std::thread(take_and_give_back).join();  // a thread without a pool
    EXPECT_EQ(user.pool().live_blocks(), 0U);
}

#if !defined(NEBULA_FRAMES_FROM_HEAP)
TEST(OverAlignedBlocks, ComeFromThePoolAgain) {
    const task_detail::FramePool::User user;
    void* const first = task_detail::allocate_frame(500, 256);
    EXPECT_EQ(user.pool().live_blocks(), 1U);
    task_detail::free_frame(first);
    EXPECT_EQ(task_detail::allocate_frame(500, 256), first);
    std::thread([first] { task_detail::free_frame(first); }).join();
    EXPECT_EQ(user.pool().live_blocks(), 0U) << "freed on another thread, it comes home";
}
#endif

}  // namespace
}  // namespace nebula

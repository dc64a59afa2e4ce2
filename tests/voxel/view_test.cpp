// SPDX-License-Identifier: MIT
#include "world_samples.hpp"

#include "nebula/voxel/query/detail/grid_walk.hpp"
#include "nebula/voxel/stream/detail/chunk_map.hpp"
#include "nebula/voxel/stream/detail/view_offsets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace nebula::voxel::detail {
namespace {

class ViewOffsetsTest : public testing::TestWithParam<std::pair<float, float>> {};

TEST_P(ViewOffsetsTest, AreTheChunksInReachNearestFirst) {
    const auto [horizontal, vertical] = GetParam();
    ViewOffsets offsets;
    offsets.reset(horizontal, vertical);
    while (!offsets.ready()) offsets.build_slice();
    std::vector<Vec3i> expected;
    for (int x = -65; x <= 65; ++x)
        for (int y = -17; y <= 17; ++y)
            for (int z = -65; z <= 65; ++z)
                if (in_reach({x, y, z}, horizontal, vertical)) expected.push_back({x, y, z});
    std::sort(expected.begin(), expected.end(), nearer);
    ASSERT_EQ(offsets.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(offsets[i], expected[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Distances, ViewOffsetsTest,
                         testing::Values(std::pair{1.0F, 1.0F}, std::pair{32.0F, 1.0F},
                                         std::pair{192.0F, 96.0F}, std::pair{333.3F, 64.0F},
                                         std::pair{2048.0F, 512.0F}));

// Against a std::map, with pages visited in slices and changed in between, as a scan does.
TEST(ChunkMap, CountsAndVisitsWhatIsInIt) {
    using Phase = ChunkState::Phase;
    ChunkMap map;
    std::map<Vec3i, ChunkState> truth;
    Dice dice(5);
    const auto place = [&] {
        return Vec3i{dice.whole(-20, 20), dice.whole(-9, 9), dice.whole(-20, 20)};
    };
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 500; ++i) {
            const Vec3i chunk = place();
            ChunkState* state = map.find(chunk);
            ASSERT_EQ(state != nullptr, truth.contains(chunk));
            if (state == nullptr) {
                state = &map.add(chunk);
            } else if (dice.whole(0, 3) == 0) {
                map.erase(chunk);
                truth.erase(chunk);
                continue;
            }
            map.set_phase(*state, static_cast<Phase>(dice.whole(0, 3)));
            map.set_wanted(*state, dice.whole(0, 1) == 0);
            map.set_shown(*state, dice.whole(0, 1) == 0);
            truth[chunk] = *state;
        }
        ChunkCounts counts;
        for (const auto& [chunk, state] : truth) {
            counts.wanted += state.wanted ? 1U : 0U;
            counts.loaded += state.wanted && state.phase == Phase::Loaded ? 1U : 0U;
            counts.failed += state.wanted && state.phase == Phase::Failed ? 1U : 0U;
            counts.shown += state.shown ? 1U : 0U;
            counts.unsettled += state.settled() ? 0U : 1U;
        }
        EXPECT_EQ(map.counts().wanted, counts.wanted);
        EXPECT_EQ(map.counts().loaded, counts.loaded);
        EXPECT_EQ(map.counts().failed, counts.failed);
        EXPECT_EQ(map.counts().shown, counts.shown);
        EXPECT_EQ(map.counts().unsettled, counts.unsettled);

        std::set<Vec3i> visited;
        std::set<Vec3i> all_the_time;
        for (const auto& [chunk, state] : truth) all_the_time.insert(chunk);
        for (std::size_t page = map.page_count(); page > 0;) {
            page = std::min(page, map.page_count());
            if (page == 0) break;
            map.visit_page(--page, [&](Vec3i chunk, ChunkState&) {
                visited.insert(chunk);
                if (dice.whole(0, 2) != 0) return;
                map.erase(chunk);
                truth.erase(chunk);
            });
            const Vec3i fresh = place();
            if (map.find(fresh) == nullptr) truth[fresh] = map.add(fresh);
        }
        EXPECT_TRUE(std::includes(visited.begin(), visited.end(), all_the_time.begin(),
                                  all_the_time.end()));
    }
}

// The progress argument of the README, step by step, from borders and in every direction.
TEST(GridWalk, EveryStepLeavesACellAndTheDistanceNeverDecreases) {
    Dice dice(6);
    constexpr double kTiny = std::numeric_limits<float>::denorm_min();
    const double components[] = {-1.0, -0.5, -0.37, -kTiny, -0.0, 0.0, kTiny, 0.81, 1.0};
    for (int i = 0; i < 20'000; ++i) {
        const double base = dice.whole(0, 3) == 0 ? 15'999'984.0 : 0.0;
        const auto coordinate = [&] { return base + dice.whole(-4, 4) * 8.0; };
        const Vec3d from{coordinate(), coordinate(), -coordinate()};
        const auto part = [&] {
            return dice.whole(0, 2) == 0 ? static_cast<double>(dice.real(-1, 1))
                                         : components[dice.whole(0, 8)];
        };
        Vec3d d{part(), part(), part()};
        const double length = std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z);
        if (length == 0.0) continue;
        d = {d.x / length, d.y / length, d.z / length};
        GridWalk walk(from, d);
        const auto sign = [](double v) { return v > 0 ? 1 : v < 0 ? -1 : 0; };
        for (int step = 0; step < 60; ++step) {
            const Vec3i before = walk.cell();
            const double entered = walk.entered();
            const Vec3i brick = floor_div(before, 16) * 16;
            if (dice.whole(0, 1) == 0)
                walk.leave({brick, brick + Vec3i{16, 16, 16}});
            else
                walk.advance();
            ASSERT_GE(walk.entered(), entered) << "ray " << i;
            const Vec3i moved = walk.cell() - before;
            ASSERT_TRUE(moved.x * sign(d.x) >= 0 && moved.y * sign(d.y) >= 0 &&
                        moved.z * sign(d.z) >= 0)
                << "ray " << i << " came back";
            ASSERT_NE(moved, Vec3i{}) << "ray " << i << " stays";
        }
    }
}

}  // namespace
}  // namespace nebula::voxel::detail

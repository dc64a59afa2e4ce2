// SPDX-License-Identifier: MIT
// Random worlds of three levels of detail, each chunk meshed by the real mesher with the strips that
// its neighbours demand: the surface must close, to the last bit of every position and normal.
#include "mesh_oracle.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"
#include "test_fields.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using test::ExactPoint;
using test::PlacedTriangle;
using test::PlacedVertex;

constexpr int kLevels = 3;
constexpr int kWorldChunks = 3;  // of the coarsest level, along each axis

constexpr std::array<Vec3i, 6> kOutwards{Vec3i{-1, 0, 0}, Vec3i{1, 0, 0},  Vec3i{0, -1, 0},
                                         Vec3i{0, 1, 0},  Vec3i{0, 0, -1}, Vec3i{0, 0, 1}};

struct ChunkId {
    int level = 0;
    Vec3i at;

    friend constexpr auto operator<=>(const ChunkId&, const ChunkId&) = default;
};

ChunkId parent(ChunkId c) { return {c.level + 1, floor_div(c.at, 2)}; }

// Which chunks are shown: those whose parent is split and that are not split themselves.
class Levels {
public:
    // Each of one or two viewers has a box that is split at level 1 around a place, and a larger one
    // at level 2.
    explicit Levels(std::mt19937& random) {
        const int viewers = 1 + static_cast<int>(random() % 2);
        for (int i = 0; i < viewers; ++i) {
            split_box(random, 1, 2);
            split_box(random, 2, 2);
        }
        close();
    }

    [[nodiscard]] bool exists(ChunkId c) const {
        return c.level == kLevels - 1 ? in_world(c) : split_.contains(parent(c));
    }
    [[nodiscard]] static bool in_world(ChunkId c) {
        const int edge = kWorldChunks << (kLevels - 1 - c.level);
        return Box3i{{0, 0, 0}, {edge, edge, edge}}.contains(c.at);
    }
    [[nodiscard]] std::vector<ChunkId> shown() const {
        std::vector<ChunkId> result;
        std::vector<ChunkId> left;
        for (int i = 0; i < kWorldChunks * kWorldChunks * kWorldChunks; ++i) {
            left.push_back({kLevels - 1,
                            {i % kWorldChunks, i / kWorldChunks % kWorldChunks,
                             i / kWorldChunks / kWorldChunks}});
        }
        while (!left.empty()) {
            const ChunkId c = left.back();
            left.pop_back();
            if (!split_.contains(c)) {
                result.push_back(c);
                continue;
            }
            for (int i = 0; i < 8; ++i) {
                left.push_back({c.level - 1, c.at * 2 + Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1}});
            }
        }
        return result;
    }
    // The faces behind which a coarser chunk is shown.
    [[nodiscard]] std::uint8_t mask(ChunkId c) const {
        unsigned mask = 0;
        for (std::size_t face = 0; face < kOutwards.size(); ++face) {
            const ChunkId beyond{c.level, c.at + kOutwards[face]};
            if (in_world(beyond) && !exists(beyond)) mask |= 1U << face;
        }
        return static_cast<std::uint8_t>(mask);
    }

    // A corner of a chunk that has the finest level on one side, in voxels of that level.
    [[nodiscard]] Vec3i where_they_meet(std::mt19937& random) const {
        std::vector<ChunkId> fine;
        for (const ChunkId& c : split_) {
            if (c.level == 1) fine.push_back(c);
        }
        const auto corner = static_cast<int>(random() % 8);
        return (fine[random() % fine.size()].at +
                Vec3i{corner & 1, corner >> 1 & 1, corner >> 2 & 1}) *
               (2 * kChunkSize);
    }

private:
    void split_box(std::mt19937& random, int level, int most) {
        const int edge = kWorldChunks << (kLevels - 1 - level);
        Box3i box;
        for (std::int32_t Vec3i::*c : {&Vec3i::x, &Vec3i::y, &Vec3i::z}) {
            const int size = 1 + static_cast<int>(random() % static_cast<unsigned>(most));
            box.min.*c = static_cast<int>(random() % static_cast<unsigned>(edge - size + 1));
            box.max.*c = box.min.*c + size;
        }
        for (int z = box.min.z; z < box.max.z; ++z) {
            for (int y = box.min.y; y < box.max.y; ++y) {
                for (int x = box.min.x; x < box.max.x; ++x) split_.insert({level, {x, y, z}});
            }
        }
    }
    // Neighbours differ by at most one level, diagonals included: around a split chunk, all 26
    // neighbours must exist.
    void close() {
        std::vector<ChunkId> fine;
        for (const ChunkId& c : split_) {
            if (c.level == 1) fine.push_back(c);
        }
        for (const ChunkId& c : fine) {
            for (int i = 0; i < 27; ++i) {
                const ChunkId n{1, c.at + Vec3i{i % 3 - 1, i / 3 % 3 - 1, i / 9 - 1}};
                if (in_world(n)) split_.insert(parent(n));
            }
        }
    }

    std::set<ChunkId> split_;
};

// A random ground with tunnels, rough or not, and a ball of random signs. It is the same float at a
// place for every level. Places are in voxels of level 0.
class Field {
public:
    Field(std::mt19937& random, Vec3i ball) : seed_(random()), ball_(ball) {
        constexpr std::array<float, 4> roughness{0.0F, 0.0F, 0.2F, 0.5F};
        roughness_ = roughness[random() % roughness.size()];
        constexpr int edge = (kWorldChunks << (kLevels - 1)) * kChunkSize + 4 * kFirst;
        for (auto& axis : waves_) {
            const float frequency = 0.02F + 0.0001F * static_cast<float>(random() % 600);
            const float phase = 0.01F * static_cast<float>(random() % 628);
            for (int i = 0; i < edge; ++i) {
                const float at = frequency * static_cast<float>(i - kFirst) + phase;
                axis.push_back({std::sin(at), std::cos(at)});
            }
        }
        level_ = static_cast<float>(random() % 200) * 0.01F - 1.0F;
    }

    [[nodiscard]] float operator()(Vec3i p) const {
        const Wave& x = waves_[0][static_cast<std::size_t>(p.x + kFirst)];
        const Wave& y = waves_[1][static_cast<std::size_t>(p.y + kFirst)];
        const Wave& z = waves_[2][static_cast<std::size_t>(p.z + kFirst)];
        const float waves = x.sine * y.cosine + y.sine * z.cosine + z.sine * x.cosine + level_;
        const Vec3i d = p - ball_;
        const bool in_ball = d.x * d.x + d.y * d.y + d.z * d.z < kRadius * kRadius;
        if (!in_ball && roughness_ == 0.0F) return 15.0F * waves;
        const auto noise = static_cast<float>(test::hash_of(p, seed_) & 0xFFFFU) / 32768.0F - 1.0F;
        return in_ball ? 8.0F * noise : 15.0F * waves + roughness_ * noise;
    }

private:
    static constexpr int kFirst = 8;  // the ring of a level more than there is
    static constexpr int kRadius = 24;
    struct Wave {
        float sine = 0.0F;
        float cosine = 0.0F;
    };
    std::uint64_t seed_;
    Vec3i ball_;
    float roughness_ = 0.0F;
    float level_ = 0.0F;
    std::array<std::vector<Wave>, 3> waves_;
};

// What each level stores.
enum class Store {
    Picked,     // the finest level's samples, picked
    Quantized,  // the field, in each level's own unit
};

Sample sample(const Field& field, Store store, int level, Vec3i p) {
    const float value = field(p * (1 << level));
    if (store == Store::Quantized) return quantize(value / static_cast<float>(1 << level));
    Sample s = quantize(value);
    for (int i = 0; i < level; ++i) s = to_coarser_level(s);
    return s;
}

// How to build a world: as it should be, or with one thing wrong.
struct Build {
    Store store = Store::Quantized;
    std::uint8_t (*mask)(std::uint8_t right) = [](std::uint8_t right) { return right; };
    bool picks_half_sides = false;  // from the chunk's own samples, whatever the coarser level has
    bool by_oracle = false;         // instead of by the mesher
    detail::Polarity polarity = detail::Polarity::SeparateInside;  // of the oracle's strips
};

struct Count {
    long chunks = 0;
    long faces = 0;  // with strips
    long triangles = 0;
    long unmatched = 0;  // directed edges without a partner that runs back
};

constexpr unsigned kSeed = 50;

// All chunks of one world, and the edges that are left open. A vertex is its exact place, its material and its
// normal, so an edge finds its partner only if both agree.
class GluedWorld {
public:
    GluedWorld(std::mt19937& random, const Build& build)
        : build_(build), levels_(random), field_(random, levels_.where_they_meet(random)) {
        for (const ChunkId& c : levels_.shown()) add(c);
    }

    [[nodiscard]] Count count() const {
        Count result = count_;
        for (const auto& [edge, balance] : open_) result.unmatched += std::abs(balance);
        return result;
    }

private:
    using Edge = std::pair<PlacedVertex, PlacedVertex>;

    void add(ChunkId c) {
        const std::uint8_t mask = build_.mask(levels_.mask(c));
        test::fill(*block_, c.at,
                   [&](Vec3i p) { return sample(field_, build_.store, c.level, p); });
        test::fill(*strips_, mask, c.at, [&](Vec3i p) {
            if (!build_.picks_half_sides) return sample(field_, build_.store, c.level + 1, p);
            return to_coarser_level(sample(field_, build_.store, c.level, p * 2));
        });
        ++count_.chunks;
        for (int face = 0; face < StripSamples::kFaces; ++face) count_.faces += strips_->has(face);
        if (build_.by_oracle) {
            for (const PlacedTriangle& t : test::oracle_mesh(*block_, *strips_, build_.polarity)) {
                ++count_.triangles;
                for (std::size_t i = 0; i < 3; ++i) add_edge(c, t[i], t[(i + 1) % 3]);
            }
            return;
        }
        // The same materials on all levels, more of them than a set has, and half of them placed.
        test::fill(*materials_, c.at, [&](Vec3i p) {
            return test::random_materials(kSeed, 6, 2)(p * (1 << c.level));
        });
        materials_->is_coarse = c.level > 0;
        ASSERT_TRUE(mesher_.mesh(*block_, *strips_, *materials_, mesh_));
        count_.triangles += mesh_.triangle_count();
        add_open_edges(c);
    }

    // Those edges of the mesh that have no partner in it.
    void add_open_edges(ChunkId c) {
        const std::vector<PlacedVertex> vertices = test::placed_vertices_of(mesh_);
        const auto in_the_middle = [&](std::uint32_t i) {
            constexpr std::int64_t near = test::kUnitsPerVoxel;
            constexpr std::int64_t far = (kChunkSize - 1) * test::kUnitsPerVoxel;
            const ExactPoint& p = vertices[i].at;
            return std::min({p.x, p.y, p.z}) > near && std::max({p.x, p.y, p.z}) < far;
        };
        edges_.clear();
        for (std::uint32_t i = 0; i < mesh_.index_count; ++i) {
            const std::uint32_t from = mesh_.index(i);
            const std::uint32_t to = mesh_.index(i % 3 == 2 ? i - 2 : i + 1);
            if (!in_the_middle(from) && !in_the_middle(to)) edges_.emplace_back(from, to);
        }
        std::ranges::sort(edges_);
        for (const auto& [from, to] : edges_) {
            if (!std::ranges::binary_search(edges_, std::pair(to, from))) {
                add_edge(c, vertices[from], vertices[to]);
            }
        }
    }

    void add_edge(ChunkId c, PlacedVertex from, PlacedVertex to) {
        for (PlacedVertex* v : {&from, &to}) {
            const std::int64_t scale = std::int64_t{1} << c.level;
            constexpr std::int64_t size = kChunkSize * test::kUnitsPerVoxel;
            v->at = {(v->at.x + c.at.x * size) * scale, (v->at.y + c.at.y * size) * scale,
                     (v->at.z + c.at.z * size) * scale};
        }
        if (from == to || on_the_worlds_border(from.at, to.at)) return;
        // An edge and its reverse add up to nothing.
        const bool forward = from < to;
        const Edge edge = forward ? Edge{from, to} : Edge{to, from};
        const auto at = open_.try_emplace(edge, 0).first;
        at->second += forward ? 1 : -1;
        if (at->second == 0) open_.erase(at);
    }

    static bool on_the_worlds_border(ExactPoint a, ExactPoint b) {
        constexpr std::int64_t end =
            std::int64_t{kWorldChunks << (kLevels - 1)} * kChunkSize * test::kUnitsPerVoxel;
        const auto at = [](std::int64_t u, std::int64_t v) {
            return u == v && (u == 0 || u == end);
        };
        return at(a.x, b.x) || at(a.y, b.y) || at(a.z, b.z);
    }

    Build build_;
    Levels levels_;
    Field field_;
    std::unique_ptr<SampleBlock> block_ = std::make_unique<SampleBlock>();
    std::unique_ptr<StripSamples> strips_ = std::make_unique<StripSamples>();
    std::unique_ptr<MaterialBlock> materials_ = std::make_unique<MaterialBlock>();
    SmoothMesher mesher_;
    ChunkMesh mesh_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_;
    std::map<Edge, int> open_;
    Count count_;
};

Count glue(int worlds, const Build& build) {
    std::mt19937 random(kSeed);
    Count total;
    for (int i = 0; i < worlds; ++i) {
        const Count one = GluedWorld(random, build).count();
        total.chunks += one.chunks;
        total.faces += one.faces;
        total.triangles += one.triangles;
        total.unmatched += one.unmatched;
    }
    testing::Test::RecordProperty("seed", static_cast<int>(kSeed));
    testing::Test::RecordProperty("chunks", static_cast<int>(total.chunks));
    testing::Test::RecordProperty("faces", static_cast<int>(total.faces));
    testing::Test::RecordProperty("triangles", std::to_string(total.triangles));
    return total;
}

// NEBULA_LONG_TESTS=1 glues a thousand worlds.
int world_count() {
    if (std::getenv("NEBULA_LONG_TESTS") != nullptr) return 500;
#if defined(NEBULA_SANITIZED)
    return 1;  // sanitizers take ten times as long
#else
    return 4;
#endif
}

TEST(StripsGlue, WorldsWhoseLevelsQuantizeTheSameFieldClose) {
    const Count total = glue(world_count(), {.store = Store::Quantized});
    EXPECT_GT(total.faces, 10 * world_count());
    EXPECT_GT(total.triangles, 10'000 * world_count());
    EXPECT_EQ(total.unmatched, 0) << "seed " << kSeed;
}

TEST(StripsGlue, WorldsWhoseLevelsPickFromTheFinestClose) {
    const Count total = glue(world_count(), {.store = Store::Picked});
    EXPECT_GT(total.faces, 10 * world_count());
    EXPECT_GT(total.triangles, 10'000 * world_count());
    EXPECT_EQ(total.unmatched, 0) << "seed " << kSeed;
}

TEST(StripsGlue, TheOraclesWorldsCloseToo) {
    EXPECT_EQ(glue(1, {.by_oracle = true}).unmatched, 0) << "seed " << kSeed;
}

// The controls. Each must fail, or the tests above prove nothing.
TEST(StripsGlue, AMissingStripLeavesHoles) {
    const Build build{
        .mask = [](std::uint8_t right) { return static_cast<std::uint8_t>(right & (right - 1U)); }};
    EXPECT_GT(glue(1, build).unmatched, 0);
}

TEST(StripsGlue, AStripTooManyLeavesHoles) {
    const Build build{.mask = [](std::uint8_t right) {
        return static_cast<std::uint8_t>(right == 0 ? 0x01 : right);
    }};
    EXPECT_GT(glue(1, build).unmatched, 0);
}

TEST(StripsGlue, HalfSidesThatAreNotTheCoarserLevelsSamplesLeaveHoles) {
    EXPECT_GT(glue(1, {.picks_half_sides = true}).unmatched, 0);
}

TEST(StripsGlue, StripsOfTheOtherPolarityLeaveHoles) {
    const Build build{.by_oracle = true, .polarity = detail::Polarity::JoinInside};
    EXPECT_GT(glue(1, build).unmatched, 0);
}

}  // namespace
}  // namespace nebula::voxel

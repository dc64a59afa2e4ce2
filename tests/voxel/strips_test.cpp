// SPDX-License-Identifier: MIT
// Chunks with strips, each on its own: like the oracle, the same everywhere, and never cutting
// themselves. strips_glue_test.cpp puts chunks together.
#include "exact_geometry.hpp"
#include "mesh_oracle.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"
#include "simd_levels.hpp"
#include "test_fields.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using test::ExactPoint;
using test::ExactTriangle;
using test::PlacedVertex;

constexpr unsigned kAllFaces = 0x3F;

// No face, every face, each on its own, opposite ones, and those that meet at edges and corners.
constexpr std::array<std::uint8_t, 12> kMasks{0x00, 0x3F, 0x01, 0x02, 0x04, 0x08,
                                              0x10, 0x20, 0x33, 0x0A, 0x15, 0x1E};

struct World {
    const char* name;
    std::uint64_t hash;  ///< Of the meshes of chunk (0, 0, 0) with all of kMasks.
    Sample (*field)(Vec3i voxel);
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const World& world, std::ostream* out) { *out << world.name; }

const std::array kWorlds{
    World{"slope", 0xb72d413c31df086d, test::slope},
    World{"sphere", 0xf4b541da30a7c335,
          [](Vec3i p) {
              return test::sphere({15.2F, 16.9F, 14.6F}, 20.3F)(p);
          }},
    World{"hills", 0x55506ce96e6e61cd, [](Vec3i p) { return test::hills(11)(p); }},
    World{"caves", 0xbd5f7e54344768ac, [](Vec3i p) { return test::caves(12)(p); }},
    World{"random_signs", 0x8d80ad081ec1be0a, [](Vec3i p) { return test::random_field(13)(p); }},
    World{"checkerboard", 0x2512ec5726399de2, test::checkerboard},
    World{"empty", 0, [](Vec3i) { return kSampleMax; }},
};

class StripWorlds : public testing::TestWithParam<World> {
protected:
    const ChunkMesh& mesh_of(Vec3i chunk, std::uint8_t mask) {
        if (filled_ != chunk) test::fill(*block_, chunk, GetParam().field);
        filled_ = chunk;
        test::fill(*strips_, mask, chunk, test::picked(GetParam().field));
        EXPECT_TRUE(mesher_.mesh(*block_, *strips_, mesh_));
        return mesh_;
    }

    std::unique_ptr<SampleBlock> block_ = std::make_unique<SampleBlock>();
    std::unique_ptr<StripSamples> strips_ = std::make_unique<StripSamples>();
    std::optional<Vec3i> filled_;
    SmoothMesher mesher_;
    ChunkMesh mesh_;
};

TEST_P(StripWorlds, MeshLikeTheOracleAndNoPositionIsRounded) {
    constexpr std::array<std::uint8_t, 3> masks{0x3F, 0x15, 0x2A};
    for (const std::uint8_t mask : masks) {
        const ChunkMesh& mesh = mesh_of({-1, 0, 2}, mask);
        const auto expected = test::oracle_mesh(*block_, *strips_);
        const auto actual = test::placed_triangles_of(mesh);
        ASSERT_EQ(actual.size(), expected.size()) << "mask " << int{mask};
        ASSERT_TRUE(actual == expected) << "mask " << int{mask};
    }
}

TEST_P(StripWorlds, UseEveryVertexAndNoOtherIndex) {
    for (const std::uint8_t mask : kMasks) {
        const ChunkMesh& mesh = mesh_of({0, 0, 0}, mask);
        std::vector<bool> used(mesh.vertex_count);
        for (std::uint32_t i = 0; i < mesh.index_count; ++i) {
            ASSERT_LT(mesh.index(i), mesh.vertex_count);
            used[mesh.index(i)] = true;
        }
        EXPECT_TRUE(std::ranges::all_of(used, [](bool u) { return u; }));
        EXPECT_EQ(mesh.vertex_data.size(), mesh.vertex_count * ChunkMesh::kVertexSize);
        EXPECT_EQ(mesh.index_data.size(), mesh.index_count * mesh.index_size());
    }
}

TEST_P(StripWorlds, BoundsAreTightAroundThePositions) {
    for (const std::uint8_t mask : kMasks) {
        const ChunkMesh& mesh = mesh_of({0, 0, 0}, mask);
        if (mesh.empty()) {
            EXPECT_EQ(mesh.bounds, Aabb{});
            continue;
        }
        Aabb box{mesh.position(0), mesh.position(0)};
        for (std::uint32_t i = 1; i < mesh.vertex_count; ++i) {
            const Vec3f p = mesh.position(i);
            box.min = {std::min(box.min.x, p.x), std::min(box.min.y, p.y),
                       std::min(box.min.z, p.z)};
            box.max = {std::max(box.max.x, p.x), std::max(box.max.y, p.y),
                       std::max(box.max.z, p.z)};
        }
        EXPECT_EQ(mesh.bounds, box);
    }
}

TEST_P(StripWorlds, HaveTheSameBytesInEveryBuildAndAtEverySimdLevel) {
    for_each_simd_level([&](const char* level) {
        std::uint64_t hash = 0;
        for (const std::uint8_t mask : kMasks) {
            hash = (hash ^ mesh_hash(mesh_of({0, 0, 0}, mask))) * 0x9E3779B97F4A7C15ULL;
        }
        EXPECT_EQ(hash, GetParam().hash) << std::hex << "0x" << hash << " at " << level;
    });
}

TEST_P(StripWorlds, WithoutAFaceInTheMaskAreTheMeshWithoutStrips) {
    const std::uint64_t with = mesh_hash(mesh_of({0, 0, 0}, 0));
    EXPECT_TRUE(mesher_.mesh(*block_, mesh_));
    EXPECT_EQ(with, mesh_hash(mesh_));
}

TEST_P(StripWorlds, AllocateNothingTheSecondTime) {
    mesh_of({0, 0, 0}, kAllFaces);
    const std::byte* const vertices = mesh_.vertex_data.data();
    const std::byte* const indices = mesh_.index_data.data();
    mesh_of({0, 0, 0}, kAllFaces);
    EXPECT_EQ(mesh_.vertex_data.data(), vertices);
    EXPECT_EQ(mesh_.index_data.data(), indices);
}

INSTANTIATE_TEST_SUITE_P(Worlds, StripWorlds, testing::ValuesIn(kWorlds),
                         [](const auto& world) { return std::string(world.param.name); });

TEST(StripSamples, AFaceLiesInMemoryAsAGeneratorWritesIt) {
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        const Box3i box = StripSamples::box(face);
        std::size_t next = 0;
        for (int z = box.min.z; z < box.max.z; ++z) {
            for (int y = box.min.y; y < box.max.y; ++y) {
                for (int x = box.min.x; x < box.max.x; ++x) {
                    ASSERT_EQ(StripSamples::index(face, x, y, z), next++);
                }
            }
        }
        EXPECT_EQ(next, StripSamples::kCount);
        EXPECT_EQ(StripSamples::index(face, box.min.x, box.min.y + 1, box.min.z),
                  static_cast<std::size_t>(StripSamples::step_y(face)));
        EXPECT_EQ(StripSamples::index(face, box.min.x, box.min.y, box.min.z + 1),
                  static_cast<std::size_t>(StripSamples::step_z(face)));
    }
}

TEST(Strips, AZeroSampleOfAFaceInTheMaskIsAnError) {
    const auto block = std::make_unique<SampleBlock>();
    const auto strips = std::make_unique<StripSamples>();
    SmoothMesher mesher;
    ChunkMesh mesh;
    test::fill(*block, {0, 0, 0}, test::slope);
    block->chunk = {{4, -5, 6}, 1};
    const char* const names[] = {"-x", "+x", "-y", "+y", "-z", "+z"};
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        for (const std::size_t place : {std::size_t{0}, StripSamples::kCount - 1}) {
            test::fill(*strips, kAllFaces, {0, 0, 0}, test::picked(test::slope));
            strips->samples[static_cast<std::size_t>(face)][place] = 0;
            const auto failed = mesher.mesh(*block, *strips, mesh);
            ASSERT_FALSE(failed);
            EXPECT_EQ(failed.error().kind, VoxelError::Kind::ZeroSample);
            EXPECT_EQ(
                failed.error().message,
                std::string("the generator wrote a sample of 0 for chunk (4, -5, 6) of level 1, "
                            "in the coarser samples at its ") +
                    names[face] + " face; every sample must be negative or positive");
            EXPECT_TRUE(mesh.empty());
            strips->mask = static_cast<std::uint8_t>(kAllFaces ^ 1U << face);
            EXPECT_TRUE(mesher.mesh(*block, *strips, mesh)) << "nobody reads face " << face;
        }
    }
}

// A quarter voxel, as documented: the surface of a flat ground between a strip's two sides.
TEST(Strips, AreAQuarterVoxelWideAndPinchedAtFacesWithoutAStrip) {
    const auto block = std::make_unique<SampleBlock>();
    const auto strips = std::make_unique<StripSamples>();
    SmoothMesher mesher;
    ChunkMesh mesh;
    const auto ground = [](Vec3i p) { return quantize(static_cast<float>(p.y) - 15.5F); };
    test::fill(*block, {0, 0, 0}, ground);
    test::fill(*strips, 0x01, {0, 0, 0}, test::picked(ground));
    ASSERT_TRUE(mesher.mesh(*block, *strips, mesh));
    std::set<std::pair<float, float>> near_the_face;  // z, x
    for (std::uint32_t i = 0; i < mesh.vertex_count; ++i) {
        const Vec3f p = mesh.position(i);
        if (p.x < 1.0F) near_the_face.emplace(p.z, p.x);
    }
    std::set<std::pair<float, float>> expected;
    for (int z = 0; z <= kChunkSize; ++z) {
        const auto at = static_cast<float>(z);
        expected.emplace(at, z == 0 || z == kChunkSize ? 0.0F : 0.25F);
        if (z % 2 == 0) expected.emplace(at, 0.0F);
    }
    EXPECT_EQ(near_the_face, expected);
}

// Whether all corners of a triangle lie at a side of a strip: in a transition cell of a face in the
// mask, or a regular cell below it, that ends at another face.
bool is_at_side(const ExactTriangle& t, std::uint8_t mask) {
    constexpr std::int64_t voxel = test::kUnitsPerVoxel;
    const auto within = [&](int face, std::int64_t distance) {
        return std::ranges::all_of(t, [&](const ExactPoint& p) {
            const std::array<std::int64_t, 3> at{p.x, p.y, p.z};
            const std::int64_t c = at[static_cast<std::size_t>(StripSamples::axis(face))];
            return StripSamples::is_high(face) ? c >= kChunkSize * voxel - distance : c <= distance;
        });
    };
    for (int face = 0; face < StripSamples::kFaces; ++face) {
        if ((mask >> static_cast<unsigned>(face) & 1U) == 0 || !within(face, voxel)) continue;
        for (int other = 0; other < StripSamples::kFaces; ++other) {
            if (StripSamples::axis(face) != StripSamples::axis(other) && within(other, 2 * voxel)) {
                return true;
            }
        }
    }
    return false;
}

// A side of one passes through the inside of the other.
bool triangles_pierce(const ExactTriangle& a, const ExactTriangle& b) {
    using test::exact::side;
    const auto pierces = [](const ExactTriangle& from, const ExactTriangle& t) {
        for (std::size_t i = 0; i < 3; ++i) {
            const ExactPoint p = from[i];
            const ExactPoint q = from[(i + 1) % 3];
            if (side(t[0], t[1], t[2], p) * side(t[0], t[1], t[2], q) >= 0) continue;
            const int turn = side(p, q, t[0], t[1]);
            if (turn != 0 && turn == side(p, q, t[1], t[2]) && turn == side(p, q, t[2], t[0])) {
                return true;
            }
        }
        return false;
    };
    return pierces(a, b) || pierces(b, a);
}

// Pairs of triangles that have more in common than their common corners: a touch counts. Triangles
// without an area are left out: strips have some at their sides, and nobody sees them.
struct Contacts {
    long triangles = 0;
    long at_sides = 0;  // at a side of a strip
    long elsewhere = 0;
    long piercing = 0;  // of all, those that do not just touch or lie on each other
};

Contacts contacts_in(const ChunkMesh& mesh, std::uint8_t mask) {
    struct Boxed {
        ExactPoint min;
        ExactPoint max;
        ExactTriangle triangle;
    };
    const std::vector<PlacedVertex> vertices = test::placed_vertices_of(mesh);
    std::vector<Boxed> boxed;
    for (std::uint32_t i = 0; i < mesh.index_count; i += 3) {
        const ExactTriangle t{vertices[mesh.index(i)].at, vertices[mesh.index(i + 1)].at,
                              vertices[mesh.index(i + 2)].at};
        if (test::exact::normal(t) == ExactPoint{}) continue;
        const auto [min_x, max_x] = std::minmax({t[0].x, t[1].x, t[2].x});
        const auto [min_y, max_y] = std::minmax({t[0].y, t[1].y, t[2].y});
        const auto [min_z, max_z] = std::minmax({t[0].z, t[1].z, t[2].z});
        boxed.push_back({{min_x, min_y, min_z}, {max_x, max_y, max_z}, t});
    }
    std::ranges::sort(boxed, {}, [](const Boxed& b) { return b.min.x; });
    Contacts found;
    found.triangles = static_cast<long>(boxed.size());
    for (auto a = boxed.begin(); a != boxed.end(); ++a) {
        for (auto b = a + 1; b != boxed.end() && b->min.x <= a->max.x; ++b) {
            const bool apart = a->min.y > b->max.y || b->min.y > a->max.y || a->min.z > b->max.z ||
                               b->min.z > a->max.z;
            if (apart || !test::triangles_cut(a->triangle, a->triangle, b->triangle, b->triangle)) {
                continue;
            }
            const bool at_side = is_at_side(a->triangle, mask) || is_at_side(b->triangle, mask);
            ++(at_side ? found.at_sides : found.elsewhere);
            if (triangles_pierce(a->triangle, b->triangle)) ++found.piercing;
        }
    }
    return found;
}

// Random samples in a window, air around it. Magnitudes are small, equal or large, so that vertices
// come to lie at both ends of their edges and in the middle.
class RandomWindow {
public:
    explicit RandomWindow(std::mt19937& random) : seed_(random()), rough_(random() % 2 == 0) {
        // At a corner, an edge or a face of the chunk, or anywhere.
        for (std::int32_t Vec3i::*c : {&Vec3i::x, &Vec3i::y, &Vec3i::z}) {
            constexpr int size = 5;
            const std::array<int, 3> places{
                -1, kChunkSize + 1 - size,
                static_cast<int>(random() % static_cast<unsigned>(kChunkSize - size))};
            window_.min.*c = places[random() % 3];
            window_.max.*c = window_.min.*c + size + 1;
            slope_.*c = static_cast<std::int32_t>(random() % 65) - 32;
        }
        offset_ = static_cast<int>(random() % 65) - 32;
    }

    Sample operator()(int level, Vec3i p) const {
        const Vec3i fine = p * (1 << level);
        if (!window_.contains(fine)) return kSampleMax;
        const std::uint64_t sign_bits = test::hash_of(fine, seed_);
        const Vec3i d = fine - window_.min;
        const int plane = slope_.x * d.x + slope_.y * d.y + slope_.z * d.z + offset_;
        const bool inside = rough_ ? (sign_bits & 1U) != 0 : plane < 0;
        constexpr std::array<int, 4> magnitudes{1, 2, 64, 127};
        const int magnitude =
            magnitudes[test::hash_of(p, seed_ + 1 + static_cast<std::uint64_t>(level)) % 4];
        return static_cast<Sample>(inside ? -magnitude : magnitude);
    }

private:
    std::uint64_t seed_;
    bool rough_;
    Box3i window_;
    Vec3i slope_;
    int offset_ = 0;
};

// Random ground with tunnels, which each level quantizes in its own unit.
class Waves {
public:
    explicit Waves(std::mt19937& random) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
            frequency_[axis] = 0.03F + 0.0001F * static_cast<float>(random() % 2500);
            phase_[axis] = 0.01F * static_cast<float>(random() % 628);
        }
        level_ = static_cast<float>(random() % 200) * 0.01F - 1.0F;
    }

    Sample operator()(int level, Vec3i p) const {
        const int scale = 1 << level;
        const float x = angle(0, p.x * scale);
        const float y = angle(1, p.y * scale);
        const float z = angle(2, p.z * scale);
        const float value = 6.0F * (std::sin(x) * std::cos(y) + std::sin(y) * std::cos(z) +
                                    std::sin(z) * std::cos(x) + level_);
        return quantize(value / static_cast<float>(scale));
    }

private:
    float angle(std::size_t axis, int at) const {
        return frequency_[axis] * static_cast<float>(at) + phase_[axis];
    }

    std::array<float, 3> frequency_{};
    std::array<float, 3> phase_{};
    float level_ = 0.0F;
};

// Meshes `count` chunks, one mask after the other, whose levels are `field_of(n)`: level and voxel to
// sample. Returns the contacts of all.
template <class FieldOf>
Contacts contacts_of_chunks(int count, FieldOf&& field_of) {
    const auto block = std::make_unique<SampleBlock>();
    const auto strips = std::make_unique<StripSamples>();
    SmoothMesher mesher;
    ChunkMesh mesh;
    Contacts total;
    for (int n = 0; n < count; ++n) {
        const auto mask = static_cast<std::uint8_t>(n % 64);
        const auto field = field_of(n);
        test::fill(*block, {0, 0, 0}, [&](Vec3i p) { return field(0, p); });
        test::fill(*strips, mask, {0, 0, 0}, [&](Vec3i p) { return field(1, p); });
        EXPECT_TRUE(mesher.mesh(*block, *strips, mesh));
        const Contacts found = contacts_in(mesh, mask);
        EXPECT_EQ(found.elsewhere, 0) << "chunk " << n << ", mask " << int{mask};
        EXPECT_EQ(found.piercing, 0) << "chunk " << n << ", mask " << int{mask};
        total.triangles += found.triangles;
        total.elsewhere += found.elsewhere;
        total.at_sides += found.at_sides;
        total.piercing += found.piercing;
    }
    testing::Test::RecordProperty("triangles", std::to_string(total.triangles));
    testing::Test::RecordProperty("at_sides", std::to_string(total.at_sides));
    return total;
}

bool long_tests() { return std::getenv("NEBULA_LONG_TESTS") != nullptr; }

// README, "Lids", says why triangles may lie on each other at the sides of a strip.
TEST(Strips, NoTriangleCutsAnotherAndNoneTouchesAnotherExceptAtTheSidesOfAStrip) {
    constexpr unsigned seed = 60;
    const int placements = long_tests() ? 10'048 : 640;
    std::mt19937 random(seed);
    const Contacts total =
        contacts_of_chunks(placements, [&](int) { return RandomWindow(random); });
    EXPECT_EQ(total.elsewhere + total.piercing, 0) << "seed " << seed;
    EXPECT_GT(total.triangles, 50L * placements);
}

TEST(Strips, OnSmoothFieldsNoTriangleCutsAnother) {
    constexpr unsigned seed = 61;
    const int chunks = long_tests() ? 2048 : 64;
    std::mt19937 random(seed);
    const Contacts total = contacts_of_chunks(chunks, [&](int) { return Waves(random); });
    EXPECT_EQ(total.elsewhere + total.piercing, 0) << "seed " << seed;
    EXPECT_GT(total.triangles, 2000L * chunks);
}

}  // namespace
}  // namespace nebula::voxel

// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/colliders.hpp"

#include "world_samples.hpp"

#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/edit/shapes.hpp"
#include "nebula/voxel/field/footing.hpp"
#include "nebula/voxel/field/tile_materials.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/mesh/collider_mesh.hpp"
#include "nebula/voxel/mesh/collider_parts.hpp"
#include "nebula/voxel/mesh/collider_rims.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using namespace std::chrono_literals;

Clock::time_point fake_time;
Clock::time_point fake_now() { return fake_time; }

using Faces = std::vector<Vec3f>;
using Parts = std::vector<ColliderMesh::Part>;

// Stops a worker in the middle of its work.
class Gate {
public:
    void close() { open_ = false; }
    void open() { open_ = true; }
    void pass() {
        while (!open_) {
            reached_ = true;
            std::this_thread::yield();
        }
    }
    void wait_for_worker() const {
        while (!reached_) std::this_thread::yield();
    }

private:
    std::atomic<bool> open_ = true;
    std::atomic<bool> reached_ = false;
};

struct FakeShape final : ColliderShape {
    FakeShape(const ColliderMesh& of, bool on_worker, Gate& way, std::chrono::microseconds time)
        : faces(of.faces), parts(of.parts), bakes(on_worker), gate(way), bake_time(time) {}
    [[nodiscard]] bool bakes_on_worker() const noexcept override { return bakes; }
    void bake() noexcept override {
        gate.pass();
        std::this_thread::sleep_for(bake_time);
        baked = true;
    }

    Faces faces;
    Parts parts;
    bool bakes;
    Gate& gate;
    std::chrono::microseconds bake_time;
    bool baked = false;
};

struct FakeSink final : ColliderSink {
    std::unique_ptr<ColliderShape> make(Vec3i tile, const ColliderMesh& mesh) override {
        fake_time += std::exchange(next_make_time, make_time);
        EXPECT_FALSE(mesh.empty());
        return std::make_unique<FakeShape>(mesh, bake, tile == free ? no_gate : gate, bake_time);
    }
    void show(Vec3i tile, std::unique_ptr<ColliderShape> shape) noexcept override {
        const auto& fake = static_cast<const FakeShape&>(*shape);
        EXPECT_TRUE(fake.baked || !bake);
        shown[tile] = fake.faces;
        parts[tile] = fake.parts;
        if (first.empty()) first = fake.faces;
        order.push_back(tile);
    }
    void remove(Vec3i tile) noexcept override { EXPECT_EQ(shown.erase(tile), 1U); }
    void failed(Vec3i, const VoxelError& error) noexcept override {
        ++failures;
        EXPECT_FALSE(error.message.empty());
    }

    bool bake = true;
    Gate gate;
    Gate no_gate;
    std::optional<Vec3i> free;  // does not pass the gate
    Faces first;                // of all that were shown
    Clock::duration make_time{};
    Clock::duration next_make_time{};
    std::chrono::microseconds bake_time{};
    std::map<Vec3i, Faces> shown;
    std::map<Vec3i, Parts> parts;  // of the latest shape
    std::vector<Vec3i> order;
    int failures = 0;
};

WorkerPoolConfig workers(int count) {
    WorkerPoolConfig config;
    if (count > 0) config.thread_count_override = count;
    config.run_inline = count == 0;
    return config;
}

Faces faces_of(const Volume& volume, Vec3i tile) {
    TileBlock block;
    ColliderMesh mesh;
    if (gather(volume, tile, block) == BlockContent::Mixed) mesh_collider(block, mesh);
    return mesh.faces;
}

GroundBody body_at(Vec3f middle, float half = 0.5F, float reach = 4.0F) {
    const Vec3f h{half, half, half};
    return {.id = 1, .box = {middle - h, middle + h}, .velocity = {}, .reach = reach};
}

// Flat ground, and something that happens whenever somebody asks for it.
class FlatButFirst final : public Generator {
public:
    explicit FlatButFirst(std::function<void()> first) : first_(std::move(first)) {}
    void generate(const Region& region, Sample* out, std::ptrdiff_t y,
                  std::ptrdiff_t z) const override {
        first_();
        flat_.generate(region, out, y, z);
    }
    [[nodiscard]] Range bounds(const Region& region) const noexcept override {
        return flat_.bounds(region);
    }

private:
    std::function<void()> first_;
    FlatGenerator flat_{4.0F};
};

// The same body, but only what is right under it.
GroundBody near_of(GroundBody body) {
    body.reach = 0.0F;
    return body;
}

constexpr auto kSoon = 1h;  // no test reaches it

template <class Done>
void update_until(Colliders& colliders, FakeSink& sink, Done&& done) {
    // By the clock: Windows makes nothing of a sleep as short as this.
    const auto end = std::chrono::steady_clock::now() + 20s;
    for (int i = 0; !done() && std::chrono::steady_clock::now() < end; ++i) {
        (void)colliders.update(sink, fake_now() + kSoon);
        if (i > 10) std::this_thread::sleep_for(100us);
    }
    EXPECT_TRUE(done());
}

TEST(TilesNeeded, CoverTheBodyItsReachAndItsWay) {
    const Box3i resting = tiles_needed(body_at({8, 8, 8}, 0.5F, 0.0F)).all;
    EXPECT_EQ(resting, (Box3i{{0, 0, 0}, {1, 1, 1}}));
    EXPECT_EQ(tiles_needed(body_at({8, 8, 8}, 0.5F, 8.0F)).all, (Box3i{{-1, -1, -1}, {2, 2, 2}}));
    EXPECT_EQ(tiles_needed(body_at({0, 8, 8}, 0.5F, 0.0F)).soon, (Box3i{{-1, 0, 0}, {1, 1, 1}}))
        << "on a border, both sides";
    GroundBody falling = body_at({8, 8, 8}, 0.5F, 0.0F);
    falling.velocity = {0, -40, 0};
    EXPECT_EQ(tiles_needed(falling).soon, (Box3i{{0, -1, 0}, {1, 1, 1}}));
    EXPECT_EQ(tiles_needed(falling).all, (Box3i{{0, -3, 0}, {1, 1, 1}}));
    falling.velocity = {0, -1e9F, 0};
    EXPECT_EQ(tiles_needed(falling).all, (Box3i{{0, -8, 0}, {1, 1, 1}})) << "but not without end";
    const GroundBody huge = body_at({8, 8, 8}, 1e6F, 0.0F);
    EXPECT_EQ(tiles_needed(huge).all, (Box3i{{-8, -8, -8}, {9, 9, 9}}));
}

TEST(TilesNeeded, WrongNumbersNeedNothing) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const float bad : {nan, std::numeric_limits<float>::infinity(), 3e7F, -3e38F}) {
        EXPECT_TRUE(tiles_needed(body_at({bad, 0, 0})).all.empty());
        EXPECT_TRUE(tiles_needed(body_at({0, bad, 0})).soon.empty());
    }
    GroundBody body = body_at({});
    body.velocity = {0, nan, 0};
    EXPECT_EQ(tiles_needed(body), TilesNeeded{});
    body = body_at({});
    body.reach = nan;
    EXPECT_EQ(tiles_needed(body), TilesNeeded{});
    body.reach = -5.0F;
    EXPECT_EQ(tiles_needed(body).all, tiles_needed(body_at({}, 0.5F, 0.0F)).all);
    body = body_at({});
    std::swap(body.box.min, body.box.max);
    (void)tiles_needed(body);
}

TEST(Colliders, PutTheShownSurfaceAroundABodyAndTakeItAwayWhenItIsGone) {
    for (const int threads : {0, 2}) {
        WorkerPool pool(workers(threads));
        Volume volume(low_hills());
        Colliders colliders(volume, pool, &fake_now);
        FakeSink sink;
        const GroundBody body = body_at({100, 4, 100}, 1.0F, 16.0F);
        EXPECT_FALSE(colliders.is_ready(body));
        colliders.set_bodies({&body, 1});
        update_until(colliders, sink, [&] {
            const ColliderStats stats = colliders.stats();
            return stats.waiting + stats.working == 0;
        });
        EXPECT_TRUE(colliders.is_ready(body));
        EXPECT_FALSE(colliders.is_ready(body_at({}))) << "nobody is there";
        const Box3i all = tiles_needed(body).all;
        std::size_t with_surface = 0;
        for (std::int32_t z = all.min.z; z < all.max.z; ++z)
            for (std::int32_t y = all.min.y; y < all.max.y; ++y)
                for (std::int32_t x = all.min.x; x < all.max.x; ++x) {
                    const Faces faces = faces_of(volume, {x, y, z});
                    with_surface += faces.empty() ? 0U : 1U;
                    EXPECT_EQ(sink.shown.contains({x, y, z}), !faces.empty());
                    if (!faces.empty()) {
                        EXPECT_TRUE((sink.shown[Vec3i{x, y, z}] == faces));
                    }
                }
        EXPECT_GT(with_surface, 4U);
        EXPECT_EQ(sink.shown.size(), with_surface) << "and nowhere else";
        EXPECT_EQ(colliders.stats().shapes, with_surface);

        colliders.set_bodies({});
        (void)colliders.update(sink, fake_now() + kSoon);
        EXPECT_FALSE(sink.shown.empty()) << "it may come back";
        fake_time += 3s;
        update_until(colliders, sink, [&] { return colliders.stats().tiles == 0; });
        EXPECT_TRUE(sink.shown.empty());
    }
}

// Whatever the interleaving: what is shown of a tile is always a state that the world had as a whole,
// and never an older one than before. The old shape is there until the new one comes.
TEST(Colliders, EveryShapeIsAStateOfTheWorldAndNoneIsOlderThanTheOneBefore) {
    WorkerPool pool(workers(2));
    Volume volume(low_hills());
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    Dice dice(5);
    GroundBody body = body_at({0, 4, 0}, 2.0F, 10.0F);
    std::map<Vec3i, std::vector<Faces>> states;  // of each tile, oldest first
    std::map<Vec3i, std::size_t> at_least;
    const auto note_states = [&] {
        const Box3i all = {{-2, -2, -2}, {2, 2, 2}};
        for (std::int32_t z = all.min.z; z < all.max.z; ++z)
            for (std::int32_t y = all.min.y; y < all.max.y; ++y)
                for (std::int32_t x = all.min.x; x < all.max.x; ++x) {
                    Faces faces = faces_of(volume, {x, y, z});
                    auto& of = states[{x, y, z}];
                    if (of.empty() || of.back() != faces) of.push_back(std::move(faces));
                }
    };
    note_states();
    for (int round = 0; round < 120; ++round) {
        body.box = body_at({dice.real(-6, 6), 4, dice.real(-6, 6)}, 2.0F).box;
        colliders.set_bodies({&body, 1});
        if (dice.whole(0, 3) == 0) std::this_thread::sleep_for(200us);
        const auto edit =
            apply(volume, {dice.whole(0, 1) == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                           dice.point(10.0F) + Vec3f{0, 4, 0}, dice.real(2, 6)});
        ASSERT_TRUE(edit);
        colliders.note_edit(edit->reach[0]);
        (void)colliders.update(sink, fake_now() + kSoon);
        note_states();
        for (const auto& [tile, faces] : sink.shown) {
            const auto& of = states[tile];
            std::size_t found = at_least[tile];
            while (found < of.size() && of[found] != faces) ++found;
            ASSERT_LT(found, of.size())
                << "round " << round << ": an older state, or half of one, in tile " << tile.x
                << " " << tile.y << " " << tile.z;
            at_least[tile] = found;
        }
    }
    update_until(colliders, sink, [&] { return colliders.is_ready(body); });
    EXPECT_GT(sink.order.size(), 60U);
    const Box3i under = tiles_needed(body).all;
    for (const auto& [tile, faces] : sink.shown)
        if (under.contains(tile)) {
            EXPECT_TRUE(faces == states[tile].back());
        }
}

Parts parts_of(const Volume& volume, Vec3i tile, const Footings& footings) {
    TileBlock block;
    ColliderMesh mesh;
    if (gather(volume, tile, block) != BlockContent::Mixed) return {};
    mesh_collider(block, mesh);
    TileMaterials materials;
    gather_materials(volume.generator(), tile, placed_in(volume, tile), materials);
    divide(block, materials, footings, mesh);
    add_rims(mesh);
    return mesh.parts;
}

// Flat ground, and something that happens whenever somebody asks what it is made of.
class FlatButAsked final : public Generator {
public:
    explicit FlatButAsked(std::function<void()> asked) : asked_(std::move(asked)) {}
    void generate(const Region& region, Sample* out, std::ptrdiff_t y,
                  std::ptrdiff_t z) const override {
        flat_.generate(region, out, y, z);
    }
    [[nodiscard]] Range bounds(const Region& region) const noexcept override {
        return flat_.bounds(region);
    }
    [[nodiscard]] std::optional<Material> uniform_material(const Region&) const noexcept override {
        asked_();
        return Material{0};
    }

private:
    std::function<void()> asked_;
    FlatGenerator flat_{0.5F};
};

// A round takes the materials of its beginning, as it takes the samples.
TEST(Colliders, TilesAreDividedAsOfOneMoment) {
    WorkerPool pool(workers(1));
    Gate gate;
    const auto owner = std::this_thread::get_id();
    Volume volume(std::make_shared<FlatButAsked>([&] {
        if (std::this_thread::get_id() != owner) gate.pass();
    }));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    const GroundBody body = body_at({0, 1, 0}, 1.0F, 20.0F);  // more tiles than the owner meshes
    const auto all_ready = [&] { return colliders.is_ready(body); };
    colliders.set_bodies({&body, 1});
    update_until(colliders, sink, all_ready);
    ASSERT_GT(sink.parts.size(), 9U);
    for (const auto& [tile, parts] : sink.parts) EXPECT_EQ(parts.size(), 1U);

    Footings footings;
    footings.set(3, 4);
    const auto paint = [&](float radius) {
        const auto edit = apply(
            volume, {.mode = Mode::Paint, .shape = SphereShape{{0, 0, 0}, radius}, .material = 3});
        ASSERT_TRUE(edit);
        colliders.note_edit(edit->reach[0]);
    };
    const auto state = [&] {
        std::map<Vec3i, Parts> all;
        for (const auto& [tile, faces] : sink.shown) all[tile] = parts_of(volume, tile, footings);
        return all;
    };
    gate.close();
    paint(5.0F);
    colliders.set_footings(footings);
    (void)colliders.update(sink, fake_now() + kSoon);
    gate.wait_for_worker();
    const auto before = state();
    paint(9.0F);
    gate.open();
    const Vec3i tile{0, 0, 0};
    update_until(colliders, sink, [&] { return sink.parts.at(tile).size() > 1; });
    EXPECT_TRUE(sink.parts == before);
    update_until(colliders, sink, all_ready);
    EXPECT_TRUE(sink.parts == state());
    EXPECT_FALSE(sink.parts == before);
    EXPECT_EQ(sink.parts.at(tile).back().footing, 4);

    colliders.set_footings(footings);
    EXPECT_TRUE(colliders.is_ready(body)) << "they are the same";
    colliders.set_footings({});
    EXPECT_FALSE(colliders.is_ready(body));
    update_until(colliders, sink, all_ready);
    EXPECT_EQ(sink.parts.at(tile), (Parts{{0, sink.shown.at(tile).size()}}));
}

// In the generator: what the worker has may be half before the edit and half after. In the bake: it is
// a state as a whole, but older than what the edit's round shows beside it. Neither is shown.
TEST(Colliders, AnEditInTheMiddleOfABuildIsNotLost) {
    for (const bool in_bake : {false, true}) {
        WorkerPool pool(workers(1));
        FakeSink sink;
        Gate gate;
        const auto owner = std::this_thread::get_id();
        Volume volume(std::make_shared<FlatButFirst>([&] {
            if (std::this_thread::get_id() != owner) gate.pass();
        }));
        Colliders colliders(volume, pool, &fake_now);
        const GroundBody body = body_at({8, 5, 8}, 1.0F, 0.0F);
        colliders.set_bodies({&body, 1});
        Gate& closed = in_bake ? sink.gate : gate;
        closed.close();
        (void)colliders.update(sink, fake_now() + kSoon);
        if (in_bake)  // which the owner begins when it has the mesh
            for (int i = 0; i < 50; ++i) {
                std::this_thread::sleep_for(1ms);
                (void)colliders.update(sink, fake_now() + kSoon);
            }
        closed.wait_for_worker();
        const auto edit = apply(volume, {SphereEdit::Kind::Dig, {8, 4, 8}, 3.0F});
        ASSERT_TRUE(edit);
        colliders.note_edit(edit->reach[0]);
        closed.open();
        std::this_thread::sleep_for(20ms);  // so the bake is done when the round begins
        update_until(colliders, sink, [&] { return colliders.is_ready(body); });
        const Faces newest = faces_of(volume, {0, 0, 0});
        EXPECT_TRUE((sink.shown[Vec3i{0, 0, 0}] == newest)) << in_bake;
        EXPECT_TRUE(sink.first == newest) << in_bake;
    }
}

// A body that stands where eight tiles meet would fall between the old and the new ones.
TEST(Colliders, TheTilesOfAnEditChangeTogether) {
    for (const bool bake : {true, false}) {
        WorkerPool pool(workers(2));
        Volume volume(std::make_shared<FlatGenerator>(0.5F));
        Colliders colliders(volume, pool, &fake_now);
        FakeSink sink;
        sink.bake = bake;
        sink.make_time = 1ms;
        const GroundBody body = body_at({0, 1, 0}, 1.0F, 0.0F);
        colliders.set_bodies({&body, 1});
        update_until(colliders, sink, [&] { return colliders.is_ready(body); });
        Dice dice(6);
        for (int i = 0; i < 20; ++i) {
            const std::map<Vec3i, Faces> before = sink.shown;
            const auto edit =
                apply(volume, {i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                               {dice.real(-1, 1), dice.real(-1, 1), dice.real(-1, 1)},
                               3.0F});
            ASSERT_TRUE(edit);
            colliders.note_edit(edit->reach[0]);
            // Time for one tile in each call.
            for (int calls = 0; sink.shown == before && calls < 10'000; ++calls) {
                (void)colliders.update(sink, fake_now() + 1ms);
                std::this_thread::sleep_for(20us);
            }
            for (std::int32_t n = 0; n < 8; ++n) {
                const Vec3i tile{n % 2 - 1, n / 2 % 2 - 1, n / 4 - 1};
                EXPECT_TRUE(sink.shown[tile] == faces_of(volume, tile)) << i << " tile " << n;
                if (sink.shown[tile].empty()) sink.shown.erase(tile);
            }
        }
    }
}

std::set<Vec3f, bool (*)(Vec3f, Vec3f)> vertices_at_x(const Faces& faces, float x) {
    std::set<Vec3f, bool (*)(Vec3f, Vec3f)> found(
        [](Vec3f a, Vec3f b) { return std::pair(a.y, a.z) < std::pair(b.y, b.z); });
    for (const Vec3f& p : faces)
        if (p.x == x) found.insert({0, p.y, p.z});
    return found;
}

// What rolls out of a new hole into the old ground of the next tile falls for ever: triangles hold from
// the air only. A body that flies along makes tiles that were never built come beside edited ones.
TEST(Colliders, TilesThatTouchShowTheSameState) {
    WorkerPool pool(workers(2));
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    sink.bake_time = 200us;
    Dice dice(9);
    int borders = 0;
    for (int tick = 0; tick < 600; ++tick) {
        std::this_thread::sleep_for(1ms);
        const float x = static_cast<float>(tick) * 0.7F;
        GroundBody body = body_at({x, 5, 8}, 1.0F, 20.0F);
        colliders.set_bodies({&body, 1});
        if (dice.whole(0, 2) == 0) {
            const auto edit = apply(volume, {SphereEdit::Kind::Dig,
                                             {x + dice.real(-10, 50), 4, dice.real(4, 12)},
                                             dice.real(1, 5)});
            ASSERT_TRUE(edit);
            colliders.note_edit(edit->reach[0]);
        }
        (void)colliders.update(sink, fake_now() + kSoon);
        const Box3i all = tiles_needed(body).all;
        for (const auto& [tile, faces] : sink.shown) {
            const auto next = sink.shown.find(tile + Vec3i{1, 0, 0});
            if (next == sink.shown.end() || !all.contains(tile) || !all.contains(next->first))
                continue;
            ++borders;
            ASSERT_TRUE(vertices_at_x(faces, 16) == vertices_at_x(next->second, 0))
                << "tick " << tick << ": between tiles " << tile.x << " and " << tile.x + 1;
        }
    }
    EXPECT_GT(borders, 300) << borders;
}

// The edit was made before anybody needed the second tile, so nobody tells that tile of it.
TEST(Colliders, ATileThatIsNewBesideAnEditWaitsForIt) {
    WorkerPool pool(workers(2));
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    const Vec3i known{0, 0, 0};
    const Vec3i fresh{1, 0, 0};
    GroundBody body = body_at({8, 5, 8}, 1.0F, 0.0F);
    colliders.set_bodies({&body, 1});
    update_until(colliders, sink, [&] { return colliders.is_ready(body); });
    sink.gate.close();
    sink.free = fresh;
    const auto edit = apply(volume, {SphereEdit::Kind::Dig, {16, 4, 8}, 3.0F});
    ASSERT_TRUE(edit);
    colliders.note_edit(edit->reach[0]);
    (void)colliders.update(sink, fake_now() + kSoon);
    sink.gate.wait_for_worker();
    body = body_at({14, 5, 8}, 3.0F, 0.0F);
    colliders.set_bodies({&body, 1});
    for (int i = 0; i < 20; ++i) {
        (void)colliders.update(sink, fake_now() + kSoon);
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(sink.shown.count(fresh), 0U) << "beside the old shape";
    sink.gate.open();
    update_until(colliders, sink, [&] { return colliders.is_ready(body); });
    EXPECT_TRUE(vertices_at_x(sink.shown[known], 16) == vertices_at_x(sink.shown[fresh], 0));
}

// The only worker is held up by somebody else, as on a machine that is too busy.
TEST(Colliders, AShapeThatIsLateForATickIsBakedByTheOwner) {
    WorkerPool pool(workers(1));
    Gate gate;
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    sink.bake_time = 1ms;
    const GroundBody body = body_at({8, 5, 8}, 1.0F, 0.0F);
    colliders.set_bodies({&body, 1});
    update_until(colliders, sink, [&] { return colliders.is_ready(body); });
    gate.close();
    TaskGroup other(pool);
    other.spawn([&] { gate.pass(); });
    gate.wait_for_worker();
    const auto edit = apply(volume, {SphereEdit::Kind::Dig, {8, 4, 8}, 3.0F});
    ASSERT_TRUE(edit);
    colliders.note_edit(edit->reach[0]);
    (void)colliders.update(sink, fake_now() + kSoon);
    (void)colliders.update(sink, fake_now() + kSoon);
    EXPECT_FALSE(colliders.is_ready(body)) << "between ticks it is left to the worker";
    (void)colliders.update(sink, fake_now() + 100us, Colliders::When::BeforeTick);
    EXPECT_FALSE(colliders.is_ready(body)) << "and where there is no time for a bake";
    (void)colliders.update(sink, fake_now() + kSoon, Colliders::When::BeforeTick);
    EXPECT_TRUE(colliders.is_ready(body));
    gate.open();
}

TEST(Colliders, WorkersHaveEnoughToDoUntilTheOwnerLooksAgain) {
    WorkerPool pool(workers(0));  // they are done as soon as they have begun
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    const GroundBody body = body_at({8, 5, 8}, 1.0F, 60.0F);
    ASSERT_EQ(tiles_needed(body).all, (Box3i{{-4, -4, -4}, {5, 5, 5}}));
    colliders.set_bodies({&body, 1});
    int looks = 0;
    for (; looks < 200 && !colliders.is_ready(body); ++looks)
        (void)colliders.update(sink, fake_now() + kSoon);
    EXPECT_LE(looks, 20) << "two in a frame";
}

TEST(Colliders, AnEditComesBeforeWhatWasNeverBuilt) {
    WorkerPool pool(workers(0));
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    const GroundBody body = body_at({8, 5, 8}, 1.0F, 100.0F);
    colliders.set_bodies({&body, 1});
    update_until(colliders, sink, [&] { return colliders.is_ready(near_of(body)); });
    EXPECT_GT(colliders.stats().waiting, 0U) << "there is more to do";
    sink.order.clear();
    const auto edit = apply(volume, {SphereEdit::Kind::Dig, {8, 4, 8}, 3.0F});
    colliders.note_edit(edit->reach[0]);
    EXPECT_FALSE(colliders.is_ready(near_of(body)));
    // Meshed, made and baked, and shown.
    (void)colliders.update(sink, fake_now());  // no time at all
    (void)colliders.update(sink, fake_now() + kSoon);
    (void)colliders.update(sink, fake_now() + kSoon);
    ASSERT_FALSE(sink.order.empty());
    EXPECT_TRUE(colliders.is_ready(near_of(body)));
    EXPECT_TRUE((sink.shown[Vec3i{0, 0, 0}] == faces_of(volume, {0, 0, 0})));
}

TEST(Colliders, TheDeadlineEndsAnUpdateAfterOneMoreStep) {
    WorkerPool pool(workers(0));
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    sink.bake = false;
    sink.make_time = 1ms;
    const GroundBody body = body_at({8, 5, 8}, 1.0F, 100.0F);
    colliders.set_bodies({&body, 1});
    std::size_t updates = 0;
    while (colliders.stats().waiting + colliders.stats().working > 0) {
        const Clock::time_point start = fake_time;
        (void)colliders.update(sink, start + 3ms);
        EXPECT_LE(fake_time - start, 4ms);
        ASSERT_LT(++updates, 10'000U);
    }
    EXPECT_GE(sink.shown.size(), 100U);
    EXPECT_GE(updates, sink.shown.size() / 4);
}

// As when the kernel runs somebody else in the middle of it.
TEST(Colliders, OneStepThatTakesLongDoesNotSlowTheOthers) {
    WorkerPool pool(workers(0));
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    sink.bake = false;
    sink.make_time = 50us;
    const GroundBody body = body_at({8, 5, 8}, 1.0F, 40.0F);
    colliders.set_bodies({&body, 1});
    update_until(colliders, sink, [&] { return colliders.is_ready(body); });
    for (std::int32_t n = 0; n < 25; ++n) {
        const Vec3f middle{static_cast<float>(n % 5 - 2) * 16 + 8, 4,
                           static_cast<float>(n / 5 - 2) * 16 + 8};
        const auto edit = apply(volume, {SphereEdit::Kind::Dig, middle, 2.0F});
        ASSERT_TRUE(edit);
        colliders.note_edit(edit->reach[0]);
    }
    sink.next_make_time = 5ms;
    int calls = 0;
    for (; calls < 100 && !colliders.is_ready(body); ++calls)
        (void)colliders.update(sink, fake_now() + 1ms);
    EXPECT_LE(calls, 6) << "25 shapes of 50 us in calls of a millisecond";
}

TEST(Colliders, AThrowingGeneratorFailsTheTileUntilItIsTriedAgain) {
    WorkerPool pool(workers(2));
    std::atomic<bool> broken = true;
    Volume volume(std::make_shared<FlatButFirst>([&] {
        if (broken) throw std::runtime_error("not now");
    }));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    const GroundBody body = body_at({8, 5, 8}, 1.0F, 0.0F);
    colliders.set_bodies({&body, 1});
    update_until(colliders, sink, [&] { return sink.failures == 1; });
    EXPECT_FALSE(colliders.is_ready(body));
    broken = false;
    EXPECT_EQ(colliders.retry_failed(), 1U);
    update_until(colliders, sink, [&] { return colliders.is_ready(body); });
    EXPECT_EQ(sink.failures, 1);
}

TEST(Colliders, ClearTakesAllAwayAndBuildsItAnew) {
    WorkerPool pool(workers(2));
    Volume volume(std::make_shared<FlatGenerator>(4.0F));
    Colliders colliders(volume, pool, &fake_now);
    FakeSink sink;
    const GroundBody body = body_at({8, 5, 8}, 1.0F, 20.0F);
    colliders.set_bodies({&body, 1});
    update_until(colliders, sink, [&] { return colliders.is_ready(body); });
    colliders.clear(sink);
    EXPECT_TRUE(sink.shown.empty());
    EXPECT_FALSE(colliders.is_ready(body));
    update_until(colliders, sink, [&] {
        const ColliderStats stats = colliders.stats();
        return stats.waiting + stats.working == 0;
    });
    EXPECT_TRUE(colliders.is_ready(body));
    EXPECT_EQ(colliders.stats().shapes, sink.shown.size());
}

}  // namespace
}  // namespace nebula::voxel

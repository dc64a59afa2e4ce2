// SPDX-License-Identifier: MIT
#include "brush_oracle.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/operation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace nebula::voxel {
namespace {

Operation any_operation(Dice& dice, int kind) {
    Operation o;
    o.mode = static_cast<Mode>(kind == 5 ? dice.whole(0, 2) : dice.whole(0, 1));
    o.shape = test::any_shape(dice, kind, 1000.0F, 6.0F);
    o.target = {dice.point(5.0F), {0.0F, 2.0F, 0.5F}};
    if (o.mode != Mode::Paste) o.falloff = dice.real(0.0F, 3.0F);
    o.user = static_cast<std::uint32_t>(dice.whole(0, 1 << 30));
    o.stroke = static_cast<std::uint32_t>(dice.whole(0, 100));
    if (dice.whole(0, 1) == 0) return o;
    o.material = static_cast<Material>(dice.whole(0, kMaterials - 1));
    o.only = MaterialSet({0xF0F0U, static_cast<std::uint64_t>(dice.whole(0, 1 << 30))});
    for (Material m = 0; m < kMaterials; ++m)
        if (dice.whole(0, 20) == 0) o.hardness.push_back({m, dice.real(0.0F, 1.0F)});
    return o;
}

std::vector<std::byte> record_of(const Operation& o) {
    std::vector<std::byte> record;
    serialise(o, record);
    return record;
}

TEST(OperationRecord, GivesBackTheOperation) {
    Dice dice(1);
    for (int i = 0; i < 60; ++i) {
        const Operation o = any_operation(dice, i % test::kShapeKinds);
        const auto back = parse(record_of(o));
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(*back, o);
        EXPECT_EQ(hash_of(*back), hash_of(o));
    }
}

// Worlds that are stored must stay readable.
TEST(OperationRecord, HasTheBytesThatItAlwaysHad) {
    const Operation o{
        .mode = Mode::Add, .shape = SphereShape{{1, 2, 3}, 4.0F}, .user = 7, .stroke = 9};
    EXPECT_EQ(record_of(o).size(), 71U);
    EXPECT_EQ(hash_of(o), 0x257C1913D2CA712FULL);
}

// A reader trusts nothing: whatever the bytes are, there is an answer, and what it accepts can be made.
TEST(OperationRecord, IsRefusedWhenItIsCutOffOrDamaged) {
    Dice dice(2);
    int accepted = 0;
    for (int kind = 0; kind < test::kShapeKinds; ++kind) {
        const Operation o = any_operation(dice, kind);
        const std::vector<std::byte> record = record_of(o);
        for (std::size_t length = 0; length < record.size(); length += length < 120 ? 1 : 53) {
            const auto cut = parse({record.data(), length});
            ASSERT_FALSE(cut) << length;
            ASSERT_FALSE(cut.error().message.empty());
        }
        std::vector<std::byte> longer = record;
        longer.push_back({});
        EXPECT_FALSE(parse(longer));
        for (int i = 0; i < 400; ++i) {
            std::vector<std::byte> damaged = record;
            const auto at = static_cast<std::size_t>(
                dice.whole(0, std::min<int>(140, static_cast<int>(record.size()) - 1)));
            damaged[at] ^= static_cast<std::byte>(1 << dice.whole(0, 7));
            const auto read = parse(damaged);
            if (!read) continue;
            ++accepted;
            ASSERT_FALSE(check(*read, kMaxBigEditRadius));
        }
    }
    EXPECT_GT(accepted, 100);
}

// Several bytes at once, and records of noise.
TEST(OperationRecord, DamagedAtRandomGivesASentenceOrAnOperation) {
    const int rounds = std::getenv("NEBULA_LONG") != nullptr ? 1'000'000 : 3000;
    Dice dice(3);
    std::vector<std::vector<std::byte>> originals;
    for (int kind = 0; kind < test::kShapeKinds; ++kind)
        originals.push_back(record_of(any_operation(dice, kind)));
    for (int i = 0; i < rounds; ++i) {
        std::vector<std::byte> record =
            originals[static_cast<std::size_t>(dice.whole(0, test::kShapeKinds - 1))];
        // What matters stands at the front; a stamp's distances are many.
        const int last = std::min<int>(200, static_cast<int>(record.size())) - 1;
        const auto any_byte = [&] { return static_cast<std::byte>(dice.whole(0, 255)); };
        switch (dice.whole(0, 3)) {
            case 0:
                record.resize(static_cast<std::size_t>(dice.whole(0, last)));
                break;
            case 1:
                for (int j = 1; j <= last; ++j) record[static_cast<std::size_t>(j)] = any_byte();
                break;
            default:
                for (int n = dice.whole(1, 8); n > 0; --n)
                    record[static_cast<std::size_t>(dice.whole(0, last))] = any_byte();
        }
        record.shrink_to_fit();  // a block of the heap of its own, which the sanitizer watches
        const auto read = parse(record);
        if (!read) {
            ASSERT_FALSE(read.error().message.empty());
            continue;
        }
        ASSERT_FALSE(check(*read, kMaxBigEditRadius)) << "round " << i;
        ASSERT_EQ(record_of(*read), record) << "round " << i;
    }
}

TEST(OperationRecord, OfAStampWithoutAGridIsRefused) {
    const Operation stamp{.mode = Mode::Add, .shape = StampShape{}};
    EXPECT_NE(hash_of(stamp), 0U);
    std::vector<std::byte> record;
    serialise(stamp, record);
    EXPECT_FALSE(parse(record));
}

}  // namespace
}  // namespace nebula::voxel

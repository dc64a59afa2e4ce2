// SPDX-License-Identifier: MIT
// Operations that look at a sample's neighbours, brick by brick: worked out on the finest level, then picked
// down (README, "Soft operations").
#pragma once

#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/detail/material_rules.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <memory>
#include <optional>

namespace nebula::voxel {
class Volume;
}

namespace nebula::voxel::detail {

class ShapeField;
class SoftBrush;

/// What the next coarser level takes over of a brick: every second point along each axis.
struct Picks {
    static constexpr int kEdge = kBrickSize / 2;
    static constexpr std::size_t kCount = kBrickSamples / 8;
    [[nodiscard]] static constexpr std::size_t index(int x, int y, int z) {
        return static_cast<std::size_t>(x + kEdge * (y + kEdge * z));
    }

    std::bitset<kCount> changed;
    std::array<Sample, kCount> samples{};  ///< Of those that changed.
    std::array<Material, kCount> fresh{};  ///< Of those that became ground.
};

struct SoftChange {
    BrickChange brick;
    Picks picks;
};

/// Threads:   any thread that holds a pin, many at once.
/// Throws:    what the generator throws, and std::bad_alloc.
class SoftEdit {
public:
    /// \pre the operation has passed check(), and is soft.
    explicit SoftEdit(const Operation& operation);
    ~SoftEdit();

    /// Every point of the finest level that may change is in here.
    [[nodiscard]] const Box3i& box() const noexcept { return box_; }
    /// Whether the outcome for a brick depends on this one, or may change it.
    [[nodiscard]] bool reaches(BrickId brick) const noexcept;

    /// A brick of the finest level; nothing if no point changes.
    [[nodiscard]] std::optional<SoftChange> change_finest(const Volume& volume, BrickId id,
                                                          BrickScratch& scratch) const;

    /// Of the eight bricks below one, x first, then y, then z; null: nothing changed there.
    using FinerPicks = std::array<const Picks*, 8>;
    /// A brick of a coarser level: a point changes if the same point of the finer level did, and takes its
    /// sign. Nothing if no point changes.
    [[nodiscard]] static std::optional<SoftChange> change_coarser(const Volume& volume, BrickId id,
                                                                  const FinerPicks& finer,
                                                                  BrickScratch& scratch);

private:
    [[nodiscard]] bool is_outside(const Box3i& voxels) const;
    [[nodiscard]] bool is_far_from_surface(const Volume& volume, const Box3i& around) const;

    Operation operation_;
    MaterialRules rules_;
    std::unique_ptr<const ShapeField> field_;
    std::unique_ptr<const SoftBrush> brush_;
    Box3i box_;
};

/// \param picks_of  gives a pointer to a finer brick's, or null.
template <class F>
[[nodiscard]] SoftEdit::FinerPicks finer_picks(BrickId id, F&& picks_of) {
    SoftEdit::FinerPicks finer{};
    for (int i = 0; i < 8; ++i)
        finer[static_cast<std::size_t>(i)] =
            picks_of(BrickId{id.at * 2 + Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1}, id.level - 1});
    return finer;
}

[[nodiscard]] inline BrickId coarser(BrickId id) { return {floor_div(id.at, 2), id.level + 1}; }

}  // namespace nebula::voxel::detail

// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/edit.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/detail/level_brush.hpp"

#include <cstddef>
#include <memory>
#include <utility>

namespace nebula::voxel {

namespace {

void make_hard_changes(const Volume& volume, const Operation& operation,
                       detail::EditChanges& changes) {
    const auto scratch = std::make_unique_for_overwrite<detail::BrickScratch>();
    const detail::MaterialRules rules(operation);
    for (const auto& brush : detail::make_brushes(operation)) {
        if (brush == nullptr) continue;
        const Level level = brush->level();
        const Vec3i first = floor_div(brush->box().min, kBrickSize);
        const Vec3i last = floor_div(brush->box().max - Vec3i{1, 1, 1}, kBrickSize);
        for (std::int32_t x = first.x; x <= last.x; ++x)
            for (std::int32_t y = first.y; y <= last.y; ++y)
                for (std::int32_t z = first.z; z <= last.z; ++z)
                    if (auto change = detail::change_brick(volume, *brush, rules,
                                                           {{x, y, z}, level}, *scratch))
                        changes.add(std::move(*change));
        Box3i& reach = changes.report.reach[static_cast<std::size_t>(level)];
        reach = intersection(reach, brush->box());
    }
}

}  // namespace

Operation operation_of(const SphereEdit& edit) {
    return {.mode = edit.kind == SphereEdit::Kind::Dig ? Mode::Dig : Mode::Add,
            .shape = SphereShape{edit.centre, edit.radius, edit.proportions}};
}

tl::expected<PreparedEdit, VoxelError> prepare(Volume& volume, const Operation& operation,
                                               float most_reach) {
    NEBULA_ASSERT(volume.is_owner_thread(),
                  "an edit was not prepared on the volume's owner thread");
    PreparedEdit prepared;
    try {
        if (auto fault = check(operation, most_reach)) return tl::unexpected(std::move(*fault));
        detail::EditChanges changes;
        if (is_soft(operation))
            detail::make_soft_changes(volume, operation, changes);
        else
            make_hard_changes(volume, operation, changes);
        changes.finish();
        prepared.report = std::move(changes.report);
        prepared.bricks = volume.prepare(std::move(changes.bricks));
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
    return prepared;
}

tl::expected<PreparedEdit, VoxelError> prepare(Volume& volume, const SphereEdit& edit) {
    return prepare(volume, operation_of(edit));
}

EditReport publish(Volume& volume, PreparedEdit edit) noexcept {
    if (!edit.bricks.empty()) {
        volume.publish_edited(std::move(edit.bricks));
        volume.collect(kCollectedPerEdit);
    }
    return std::move(edit.report);
}

tl::expected<EditReport, VoxelError> apply(Volume& volume, const Operation& operation) {
    auto prepared = prepare(volume, operation);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    return publish(volume, std::move(*prepared));
}

tl::expected<EditReport, VoxelError> apply(Volume& volume, const SphereEdit& edit) {
    return apply(volume, operation_of(edit));
}

}  // namespace nebula::voxel

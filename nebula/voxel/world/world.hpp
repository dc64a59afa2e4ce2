// SPDX-License-Identifier: MIT
// What is true of the world, whoever looks at it: its samples, and the door through which they
// change.
#pragma once

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/query/raycast.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace nebula::voxel {

/// A generator, and what was changed since. It needs no viewer and no workers: a server, a tool or a
/// test uses a World alone.
///
/// Threads:   owner thread (the one that constructed it); the volume says what others may do.
/// Lifetime:  shares the generator. Edits are kept until the world goes.
class World {
public:
    explicit World(std::shared_ptr<const Generator> generator)
        : volume_(std::move(generator)), raycaster_(volume_) {}

    /// Changes the samples on every level at once; the only way to change them. Errors and cost:
    /// see voxel::prepare.
    tl::expected<EditReport, VoxelError> apply(const SphereEdit& edit) {
        return apply(edit, [](const EditReport&) {});
    }
    /// The same for somebody who must prepare for it: calls `ready(report)` when nothing can fail
    /// any more and nothing has changed yet. If that throws, nothing changes, and what it threw
    /// becomes the error.
    template <class F>
    tl::expected<EditReport, VoxelError> apply(const SphereEdit& edit, F&& ready) {
        if (held_) return tl::unexpected(*held_);
        auto prepared = prepare(volume_, edit);
        if (!prepared) return tl::unexpected(std::move(prepared.error()));
        try {
            ready(std::as_const(prepared->report));
        } catch (...) {
            return tl::unexpected(error_of_current_exception());
        }
        ++edits_;
        return publish(volume_, std::move(*prepared));
    }
    /// How many edits returned no error.
    [[nodiscard]] std::uint64_t edits() const noexcept { return edits_; }

    /// Until allow_edits(), apply() refuses edits with this error: they would be made on samples that
    /// are about to be replaced, or could never be saved.
    void hold_edits(VoxelError why) noexcept { held_ = std::move(why); }
    void allow_edits() noexcept { held_.reset(); }

    /// On the finest level. Errors, misses and cost: see Raycaster::cast.
    [[nodiscard]] tl::expected<std::optional<RayHit>, VoxelError> raycast(Vec3f from,
                                                                          Vec3f direction,
                                                                          float max_distance) {
        return raycaster_.cast(from, direction, max_distance);
    }

    [[nodiscard]] Volume& volume() noexcept { return volume_; }
    [[nodiscard]] const Volume& volume() const noexcept { return volume_; }

private:
    Volume volume_;
    Raycaster raycaster_;
    std::uint64_t edits_ = 0;
    std::optional<VoxelError> held_;
};

}  // namespace nebula::voxel

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
    /// see voxel::apply.
    tl::expected<EditReport, VoxelError> apply(const SphereEdit& edit) {
        auto report = voxel::apply(volume_, edit);
        if (report) ++edits_;
        return report;
    }
    /// How many edits returned no error.
    [[nodiscard]] std::uint64_t edits() const noexcept { return edits_; }

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
};

}  // namespace nebula::voxel

// SPDX-License-Identifier: MIT
// Makes the physics engine build a shape's tree on a worker.
#pragma once

#include "nebula/godot/api/physics_direct_space_state_3d.hpp"
#include "nebula/godot/binding/math.hpp"

#include <memory>

namespace nebula::godot {

/// Jolt builds a triangle shape when it is first needed, on whichever thread that is. A query with the
/// shape in an empty space, which is never stepped, is such a need, and disturbs nobody.
///
/// Threads:   bake: any thread, many at once. The rest: main thread.
class ShapeBaker {
public:
    /// One for all terrains, as long as somebody has it; null if the physics engine is another one.
    [[nodiscard]] static std::shared_ptr<ShapeBaker> share();
    ~ShapeBaker();
    ShapeBaker(const ShapeBaker&) = delete;
    ShapeBaker& operator=(const ShapeBaker&) = delete;

    void bake(RID shape) const noexcept;

private:
    ShapeBaker();

    RID space_;
    PhysicsDirectSpaceState3D state_;
};

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/operation.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace nebula::voxel {

namespace {

using Kind = VoxelError::Kind;
using Fault = std::optional<VoxelError>;

bool finite(Vec3f v) { return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z); }

Fault not_finite(const std::string& what) {
    return VoxelError{Kind::NotFinite, what + " is not a finite number"};
}
Fault out_of_range(std::string message) { return VoxelError{Kind::OutOfRange, std::move(message)}; }

// With NaN, no comparison holds.
Fault check_between(float value, float low, float high, const char* what, const char* range) {
    if (!std::isfinite(value)) return not_finite(what);
    if (!(value >= low && value <= high))
        return out_of_range(std::string(what) + " must be " + range);
    return {};
}

Fault check_above_0(float value, const char* what) {
    if (!std::isfinite(value)) return not_finite(what);
    if (!(value > 0.0F)) return out_of_range(std::string(what) + " must be above 0");
    return {};
}

Fault check_half_size(Vec3f half, const char* what) {
    for (const float h : {half.x, half.y, half.z})
        if (auto fault = check_above_0(h, what)) return fault;
    return {};
}

Fault check_direction(Vec3f v, const char* what) {
    if (!finite(v)) return not_finite(what);
    const float length2 = dot(v, v);
    // Far from where a square leaves the range of a float.
    if (!(length2 > 1e-12F && length2 < 1e12F))
        return out_of_range(std::string(what) + " must have a length between 1e-6 and 1e6");
    return {};
}

Fault check_rotation(const Rotation& r) {
    if (!std::isfinite(r.x) || !std::isfinite(r.y) || !std::isfinite(r.z) || !std::isfinite(r.w))
        return not_finite("the edit's rotation");
    const float length2 = r.x * r.x + r.y * r.y + r.z * r.z + r.w * r.w;
    if (!(length2 > 1e-12F && length2 < 1e12F))
        return out_of_range("the edit's rotation must be a quaternion that is not 0");
    return {};
}

Fault check_reach(float half_edge, float most, const char* what) {
    if (half_edge <= most) return {};
    return out_of_range(std::string(what) + " must be at most " +
                        std::to_string(static_cast<int>(most)) + " voxels");
}

struct ShapeCheck {
    float most;

    Fault operator()(const SphereShape& s) const {
        if (auto fault = check_position(s.centre, "the edit's centre")) return fault;
        if (!std::isfinite(s.radius)) return not_finite("the edit's radius");
        if (!(s.radius > 0.0F && s.radius <= most))
            return out_of_range("the edit's radius must be above 0 and at most " +
                                std::to_string(static_cast<int>(most)) + " voxels");
        for (const float share : {s.proportions.x, s.proportions.y, s.proportions.z})
            if (!(share >= kMinEditProportion && share <= 1.0F))
                return out_of_range("the edit's proportions must be from 0.001 to 1 on each axis");
        return {};
    }

    Fault operator()(const BoxShape& b) const {
        if (auto fault = check_position(b.centre, "the edit's centre")) return fault;
        if (auto fault = check_half_size(b.half_size, "the edit's half size")) return fault;
        if (auto fault = check_rotation(b.rotation)) return fault;
        // However it is turned.
        return check_reach(std::sqrt(dot(b.half_size, b.half_size)), most,
                           "the edit's half diagonal");
    }

    Fault operator()(const CapsulePathShape& c) const {
        if (c.points.empty() || c.points.size() > kMostPathPoints)
            return out_of_range("the edit's path must have 1 to 64 points");
        if (auto fault = check_above_0(c.radius, "the edit's radius")) return fault;
        Aabb box{c.points.front(), c.points.front()};
        for (const Vec3f p : c.points) {
            if (auto fault = check_position(p, "a point of the edit's path")) return fault;
            box.min = {std::min(box.min.x, p.x), std::min(box.min.y, p.y),
                       std::min(box.min.z, p.z)};
            box.max = {std::max(box.max.x, p.x), std::max(box.max.y, p.y),
                       std::max(box.max.z, p.z)};
        }
        const Vec3f size = box.max - box.min;
        return check_reach(std::max({size.x, size.y, size.z}) / 2.0F + c.radius, most,
                           "half of the path's extent, with its radius,");
    }

    Fault operator()(const ConeShape& c) const {
        if (auto fault = check_position(c.from, "the cone's first end")) return fault;
        if (auto fault = check_position(c.to, "the cone's second end")) return fault;
        for (const float radius : {c.radius_from, c.radius_to}) {
            if (!std::isfinite(radius)) return not_finite("the cone's radius");
            if (!(radius >= 0.0F)) return out_of_range("the cone's radii must not be negative");
        }
        const float widest = std::max(c.radius_from, c.radius_to);
        if (!(widest > 0.0F)) return out_of_range("one of the cone's radii must be above 0");
        const Vec3f axis = c.to - c.from;
        if (!(dot(axis, axis) >= kShortestCone * kShortestCone))
            return out_of_range("the cone's ends must be at least 0.01 voxels apart");
        return check_reach(
            std::max({std::abs(axis.x), std::abs(axis.y), std::abs(axis.z)}) / 2.0F + widest, most,
            "half of the cone's length, with its radius,");
    }

    Fault operator()(const PlaneCutShape& c) const {
        if (auto fault = check_position(c.point, "the cut's point")) return fault;
        if (auto fault = check_direction(c.normal, "the cut's normal")) return fault;
        if (auto fault = check_half_size(c.half_size, "the cut's half size")) return fault;
        return check_reach(std::max({c.half_size.x, c.half_size.y, c.half_size.z}), most,
                           "the cut's half size");
    }

    Fault operator()(const StampShape& s) const {
        if (s.grid == nullptr) return VoxelError{Kind::BadData, "the stamp has no grid"};
        if (auto fault = check(*s.grid)) return fault;
        if (auto fault = check_position(s.at, "the stamp's place")) return fault;
        if (auto fault = check_rotation(s.rotation)) return fault;
        const auto half = [](std::int32_t points) { return static_cast<float>(points - 1) / 2.0F; };
        const Vec3f h{half(s.grid->size.x), half(s.grid->size.y), half(s.grid->size.z)};
        const bool turned = s.rotation.x != 0.0F || s.rotation.y != 0.0F || s.rotation.z != 0.0F;
        return check_reach(turned ? std::sqrt(dot(h, h)) : std::max({h.x, h.y, h.z}), most,
                           "half of the stamp's extent");
    }
};

Fault check_materials(const Operation& operation) {
    if (operation.material >= kMaterials)
        return out_of_range("the edit's material must be from 0 to 127");
    if (operation.only.empty())
        return out_of_range("the edit's mask has no material, so nothing could change");
    int last = -1;
    for (const MaterialHardness& hard : operation.hardness) {
        if (hard.material >= kMaterials || hard.material <= last)
            return VoxelError{Kind::BadData,
                              "the edit's hardness must name materials from 0 to 127, in their "
                              "order, each at most once"};
        last = hard.material;
        if (auto fault =
                check_between(hard.hardness, 0.0F, 1.0F, "the edit's hardness", "from 0 to 1"))
            return fault;
    }
    return {};
}

}  // namespace

bool is_soft(const Operation& operation) noexcept {
    const bool moves = operation.mode >= Mode::Grow && operation.mode <= Mode::Flatten;
    if (moves || operation.strength < 1.0F || operation.falloff > 0.0F) return true;
    return meets_hardness(operation.mode) &&
           std::ranges::any_of(operation.hardness, [](const MaterialHardness& h) {
               return h.hardness > 0.0F && h.hardness < 1.0F;
           });
}

std::optional<VoxelError> check(const Operation& operation, float most_reach) {
    if (auto fault = std::visit(ShapeCheck{most_reach}, operation.shape)) return fault;
    if (operation.mode > Mode::Paint)
        return VoxelError{Kind::BadData, "the edit's mode is unknown"};
    if (auto fault = check_between(operation.falloff, 0.0F, kMostFalloff, "the edit's falloff",
                                   "from 0 to 512 voxels"))
        return fault;
    if (!std::isfinite(operation.strength)) return not_finite("the edit's strength");
    if (!(operation.strength > 0.0F && operation.strength <= 1.0F))
        return out_of_range("the edit's strength must be above 0 and at most 1");
    if (auto fault = check_materials(operation)) return fault;
    if (operation.mode == Mode::Paint && is_soft(operation))
        return out_of_range("ground is painted with strength 1 and without falloff");
    if (operation.mode == Mode::Paste) {
        if (!std::holds_alternative<StampShape>(operation.shape))
            return out_of_range("only a stamp can be pasted");
        if (is_soft(operation))
            return out_of_range("a stamp is pasted with strength 1 and without falloff");
    }
    if (operation.mode == Mode::Flatten) {
        if (auto fault = check_position(operation.target.point, "the target plane's point"))
            return fault;
        if (auto fault = check_direction(operation.target.normal, "the target plane's normal"))
            return fault;
    }
    return {};
}

}  // namespace nebula::voxel

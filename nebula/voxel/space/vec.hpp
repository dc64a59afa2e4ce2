// SPDX-License-Identifier: MIT
// Points, boxes and the integer division that a grid with negative coordinates needs.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel {

/// A position of a cell, corner, brick or chunk. The variable's name says which.
struct Vec3i {
    std::int32_t x = 0;
    std::int32_t y = 0;
    std::int32_t z = 0;

    friend constexpr bool operator==(const Vec3i&, const Vec3i&) = default;
    friend constexpr auto operator<=>(const Vec3i&, const Vec3i&) = default;  // x, then y, then z
    friend constexpr Vec3i operator+(Vec3i a, Vec3i b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
    friend constexpr Vec3i operator-(Vec3i a, Vec3i b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
    friend constexpr Vec3i operator*(Vec3i a, std::int32_t k) {
        return {a.x * k, a.y * k, a.z * k};
    }
};

struct Vec3f {
    float x = 0.0F;
    float y = 0.0F;
    float z = 0.0F;

    friend constexpr bool operator==(const Vec3f&, const Vec3f&) = default;
    friend constexpr Vec3f operator+(Vec3f a, Vec3f b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
    friend constexpr Vec3f operator-(Vec3f a, Vec3f b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
    friend constexpr Vec3f operator*(Vec3f a, float k) { return {a.x * k, a.y * k, a.z * k}; }
};

[[nodiscard]] constexpr float dot(Vec3f a, Vec3f b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
[[nodiscard]] constexpr Vec3f cross(Vec3f a, Vec3f b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/// min inclusive, max exclusive.
struct Box3i {
    Vec3i min;
    Vec3i max;

    friend constexpr bool operator==(const Box3i&, const Box3i&) = default;
    [[nodiscard]] constexpr bool empty() const {
        return min.x >= max.x || min.y >= max.y || min.z >= max.z;
    }
    [[nodiscard]] constexpr bool contains(Vec3i p) const {
        return p.x >= min.x && p.y >= min.y && p.z >= min.z && p.x < max.x && p.y < max.y &&
               p.z < max.z;
    }
};

[[nodiscard]] constexpr Box3i intersection(const Box3i& a, const Box3i& b) {
    return {{std::max(a.min.x, b.min.x), std::max(a.min.y, b.min.y), std::max(a.min.z, b.min.z)},
            {std::min(a.max.x, b.max.x), std::min(a.max.y, b.max.y), std::min(a.max.z, b.max.z)}};
}

/// The smallest box around points; both ends inclusive.
struct Aabb {
    Vec3f min;
    Vec3f max;

    friend constexpr bool operator==(const Aabb&, const Aabb&) = default;
};

/// The smallest box that contains both; an empty one adds nothing.
[[nodiscard]] constexpr Box3i box_around(const Box3i& a, const Box3i& b) {
    if (a.empty()) return b;
    if (b.empty()) return a;
    return {{std::min(a.min.x, b.min.x), std::min(a.min.y, b.min.y), std::min(a.min.z, b.min.z)},
            {std::max(a.max.x, b.max.x), std::max(a.max.y, b.max.y), std::max(a.max.z, b.max.z)}};
}

/// Rounds towards minus infinity, so that cell -1 lies in chunk -1. `b` must be positive.
[[nodiscard]] constexpr std::int32_t floor_div(std::int32_t a, std::int32_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

/// Always in [0, b): `a == floor_div(a, b) * b + floor_mod(a, b)`.
[[nodiscard]] constexpr std::int32_t floor_mod(std::int32_t a, std::int32_t b) {
    const std::int32_t r = a % b;
    return r < 0 ? r + b : r;
}

[[nodiscard]] constexpr Vec3i floor_div(Vec3i a, std::int32_t b) {
    return {floor_div(a.x, b), floor_div(a.y, b), floor_div(a.z, b)};
}
[[nodiscard]] constexpr Vec3i floor_mod(Vec3i a, std::int32_t b) {
    return {floor_mod(a.x, b), floor_mod(a.y, b), floor_mod(a.z, b)};
}

/// For unordered containers keyed by position.
struct Vec3iHash {
    [[nodiscard]] constexpr std::size_t operator()(Vec3i p) const noexcept {
        std::uint64_t h = static_cast<std::uint32_t>(p.x) * 0x9E3779B97F4A7C15ULL;
        h = (h ^ (h >> 29U) ^ static_cast<std::uint32_t>(p.y)) * 0xBF58476D1CE4E5B9ULL;
        h = (h ^ (h >> 32U) ^ static_cast<std::uint32_t>(p.z)) * 0x94D049BB133111EBULL;
        return static_cast<std::size_t>(h ^ (h >> 31U));
    }
};

}  // namespace nebula::voxel

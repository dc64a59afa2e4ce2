// SPDX-License-Identifier: MIT
// The engine's plain structs, laid out as the engine lays them out (single precision).
#pragma once

#include <cmath>
#include <cstdint>

namespace nebula::godot {

struct Vector2 {
    float x = 0, y = 0;
    friend bool operator==(const Vector2&, const Vector2&) = default;
};

struct Vector2i {
    std::int32_t x = 0, y = 0;
    friend bool operator==(const Vector2i&, const Vector2i&) = default;
};

struct Vector3 {
    float x = 0, y = 0, z = 0;
    friend bool operator==(const Vector3&, const Vector3&) = default;
    friend constexpr Vector3 operator+(const Vector3& a, const Vector3& b) {
        return {a.x + b.x, a.y + b.y, a.z + b.z};
    }
    friend constexpr Vector3 operator-(const Vector3& a, const Vector3& b) {
        return {a.x - b.x, a.y - b.y, a.z - b.z};
    }
    friend constexpr Vector3 operator*(const Vector3& a, float s) {
        return {a.x * s, a.y * s, a.z * s};
    }
};

/// In double: its square may be too large or too small for a float.
[[nodiscard]] inline double length(const Vector3& v) {
    return std::sqrt(double{v.x} * v.x + double{v.y} * v.y + double{v.z} * v.z);
}

struct Vector3i {
    std::int32_t x = 0, y = 0, z = 0;
    friend bool operator==(const Vector3i&, const Vector3i&) = default;
};

struct Vector4 {
    float x = 0, y = 0, z = 0, w = 0;
    friend bool operator==(const Vector4&, const Vector4&) = default;
};

struct Vector4i {
    std::int32_t x = 0, y = 0, z = 0, w = 0;
    friend bool operator==(const Vector4i&, const Vector4i&) = default;
};

struct Rect2 {
    Vector2 position, size;
    friend bool operator==(const Rect2&, const Rect2&) = default;
};

struct Rect2i {
    Vector2i position, size;
    friend bool operator==(const Rect2i&, const Rect2i&) = default;
};

struct Plane {
    Vector3 normal;
    float d = 0;
    friend bool operator==(const Plane&, const Plane&) = default;
};

struct Quaternion {
    float x = 0, y = 0, z = 0, w = 1;
    friend bool operator==(const Quaternion&, const Quaternion&) = default;
};

struct AABB {  // NOLINT(readability-identifier-naming): the engine's name
    Vector3 position, size;
    friend bool operator==(const AABB&, const AABB&) = default;
};

/// Three rows, as the engine stores it; the axes are its columns.
struct Basis {
    Vector3 rows[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    friend bool operator==(const Basis&, const Basis&) = default;
    friend constexpr Vector3 operator*(const Basis& b, const Vector3& v) {
        const auto dot = [&v](const Vector3& r) { return r.x * v.x + r.y * v.y + r.z * v.z; };
        return {dot(b.rows[0]), dot(b.rows[1]), dot(b.rows[2])};
    }
};

[[nodiscard]] constexpr Basis transposed(const Basis& b) {
    const auto& [x, y, z] = b.rows;
    return {{{x.x, y.x, z.x}, {x.y, y.y, z.y}, {x.z, y.z, z.z}}};
}

/// Of a basis with no zero scale; else its numbers are not finite.
[[nodiscard]] constexpr Basis inverse(const Basis& b) {
    const auto cross = [](const Vector3& p, const Vector3& q) {
        return Vector3{p.y * q.z - p.z * q.y, p.z * q.x - p.x * q.z, p.x * q.y - p.y * q.x};
    };
    const auto& [x, y, z] = b.rows;
    const Vector3 yz = cross(y, z);
    const float scale = 1.0F / (x.x * yz.x + x.y * yz.y + x.z * yz.z);
    return transposed({{yz * scale, cross(z, x) * scale, cross(x, y) * scale}});
}

struct Transform2D {
    Vector2 columns[3] = {{1, 0}, {0, 1}, {0, 0}};
    friend bool operator==(const Transform2D&, const Transform2D&) = default;
};

struct Transform3D {
    Basis basis;
    Vector3 origin;
    friend bool operator==(const Transform3D&, const Transform3D&) = default;
};

struct Projection {
    Vector4 columns[4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    friend bool operator==(const Projection&, const Projection&) = default;
};

struct Color {
    float r = 0, g = 0, b = 0, a = 1;
    friend bool operator==(const Color&, const Color&) = default;
};

/// Names something inside a server; 0 names nothing.
struct RID {  // NOLINT(readability-identifier-naming): the engine's name
    std::uint64_t id = 0;
    [[nodiscard]] bool is_valid() const noexcept { return id != 0; }
    friend bool operator==(const RID&, const RID&) = default;
};

}  // namespace nebula::godot

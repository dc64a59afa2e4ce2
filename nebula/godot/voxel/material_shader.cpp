// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/material_shader.hpp"

#include <cstddef>
#include <string_view>

namespace nebula::godot {
namespace {

// A vertex of a mesh of one material has no CUSTOM0; `single_material` says which it is. All vertices
// of a triangle name the same materials, so they may be flat.
constexpr std::string_view kCode = R"(
uniform int single_material = -1;
// Textures lie in the terrain's own space, so that they move with it: from the world to there.
uniform mat4 from_world;
// A body that came off the terrain keeps its textures as it tumbles: vertices are that far from where they
// were in the terrain.
uniform bool came_off = false;
uniform vec3 came_from;
// By number: colour; roughness, metallic, repetitions per voxel, whether there is a height; layers of the
// albedo, normal and ORM arrays, or -1.
uniform vec4 colors[128] : source_color;
uniform vec4 surfaces[128];
uniform vec4 layers[128];
uniform float border_sharpness = 0.5;
#ifdef ALBEDO_MAPS
uniform sampler2DArray albedo_maps : source_color, filter_linear_mipmap_anisotropic, repeat_enable;
#endif
#ifdef NORMAL_MAPS
uniform sampler2DArray normal_maps : filter_linear_mipmap_anisotropic, repeat_enable;
#endif
#ifdef ORM_MAPS
uniform sampler2DArray orm_maps : filter_linear_mipmap_anisotropic, repeat_enable;
#endif

varying vec3 place;   // in the terrain's own space
varying vec3 facing;  // the same for the normal
varying vec4 weights;
varying flat int numbers;

void vertex() {
    place = came_off ? VERTEX + came_from : (from_world * (MODEL_MATRIX * vec4(VERTEX, 1.0))).xyz;
    facing = NORMAL;
    if (single_material >= 0) {
        numbers = single_material;
        weights = vec4(1.0, 0.0, 0.0, 0.0);
    } else {
        numbers = floatBitsToInt(CUSTOM0.x);
        int w = floatBitsToInt(CUSTOM0.y);
        weights = vec4(float(w & 127), float((w >> 7) & 127), float((w >> 14) & 127),
                float((w >> 21) & 127)) / 127.0;
    }
}

// The three sides from which textures are laid on the ground, and how much each counts.
struct Sides {
    vec2 x;
    vec2 y;
    vec2 z;
    vec2 x_dx;
    vec2 x_dy;
    vec2 y_dx;
    vec2 y_dy;
    vec2 z_dx;
    vec2 z_dy;
    vec3 share;
};

// Derivatives are taken outside of all branches, where they are defined.
Sides sides_of(vec3 at, vec3 n) {
    vec3 dx = dFdx(at);
    vec3 dy = dFdy(at);
    Sides s;
    s.x = vec2(at.z, -at.y);
    s.y = at.xz;
    s.z = vec2(at.x, -at.y);
    s.x_dx = vec2(dx.z, -dx.y);
    s.x_dy = vec2(dy.z, -dy.y);
    s.y_dx = dx.xz;
    s.y_dy = dy.xz;
    s.z_dx = vec2(dx.x, -dx.y);
    s.z_dy = vec2(dy.x, -dy.y);
    vec3 share = max(abs(n) - 0.2, 0.0);
    share *= share * share;
    s.share = share / max(share.x + share.y + share.z, 0.00001);
    return s;
}

vec4 laid(sampler2DArray maps, float layer, float scale, Sides s) {
    vec4 sum = vec4(0.0);
    if (s.share.x > 0.01) {
        sum += s.share.x * textureGrad(maps, vec3(s.x * scale, layer), s.x_dx * scale, s.x_dy * scale);
    }
    if (s.share.y > 0.01) {
        sum += s.share.y * textureGrad(maps, vec3(s.y * scale, layer), s.y_dx * scale, s.y_dy * scale);
    }
    if (s.share.z > 0.01) {
        sum += s.share.z * textureGrad(maps, vec3(s.z * scale, layer), s.z_dx * scale, s.z_dy * scale);
    }
    return sum;
}

// How far a normal map tilts the normal, in the terrain's own space. Its green points to smaller v.
vec3 tilt(sampler2DArray maps, float layer, float scale, Sides s) {
    vec3 sum = vec3(0.0);
    if (s.share.x > 0.01) {
        vec2 t = textureGrad(maps, vec3(s.x * scale, layer), s.x_dx * scale, s.x_dy * scale).xy * 2.0 - 1.0;
        sum += s.share.x * vec3(0.0, t.y, t.x);
    }
    if (s.share.y > 0.01) {
        vec2 t = textureGrad(maps, vec3(s.y * scale, layer), s.y_dx * scale, s.y_dy * scale).xy * 2.0 - 1.0;
        sum += s.share.y * vec3(t.x, 0.0, -t.y);
    }
    if (s.share.z > 0.01) {
        vec2 t = textureGrad(maps, vec3(s.z * scale, layer), s.z_dx * scale, s.z_dy * scale).xy * 2.0 - 1.0;
        sum += s.share.z * vec3(t.x, t.y, 0.0);
    }
    return sum;
}

void fragment() {
    vec3 n = normalize(facing);
    Sides sides = sides_of(place, n);
    // How much each material shows: what is higher, where it lies thick enough.
    vec4 colors_of[4];
    float scores[4];
    float best = 0.0;
    for (int i = 0; i < 4; i++) {
        scores[i] = 0.0;
        float weight = weights[i];
        if (weight < 0.004) {
            continue;
        }
        int number = (numbers >> (7 * i)) & 127;
        vec4 color = vec4(colors[number].rgb, 0.5);
#ifdef ALBEDO_MAPS
        if (layers[number].x >= 0.0) {
            vec4 texel = laid(albedo_maps, layers[number].x, surfaces[number].z, sides);
            color.rgb *= texel.rgb;
            color.a = mix(0.5, texel.a, surfaces[number].w);
        }
#endif
        colors_of[i] = color;
        scores[i] = weight * (0.5 + color.a);
        best = max(best, scores[i]);
    }
    float depth = mix(1.0, 0.05, border_sharpness);
    vec3 albedo = vec3(0.0);
    vec3 orm = vec3(0.0);
    vec3 bend = vec3(0.0);
    float total = 0.0;
    for (int i = 0; i < 4; i++) {
        float share = weights[i] * max(scores[i] - best + depth, 0.0);
        if (scores[i] <= 0.0 || share <= 0.0) {
            continue;
        }
        int number = (numbers >> (7 * i)) & 127;
        vec3 own = vec3(1.0, surfaces[number].xy);
#ifdef ORM_MAPS
        if (layers[number].z >= 0.0) {
            vec3 texel = laid(orm_maps, layers[number].z, surfaces[number].z, sides).rgb;
            own = vec3(texel.r, own.g * texel.g, texel.b);
        }
#endif
#ifdef NORMAL_MAPS
        if (layers[number].y >= 0.0) {
            bend += share * tilt(normal_maps, layers[number].y, surfaces[number].z, sides);
        }
#endif
        albedo += share * colors_of[i].rgb;
        orm += share * own;
        total += share;
    }
    total = max(total, 0.00001);
    ALBEDO = albedo / total;
    AO = orm.r / total;
    ROUGHNESS = orm.g / total;
    METALLIC = orm.b / total;
#ifdef NORMAL_MAPS
    vec3 bent = normalize(n + bend / total);
    NORMAL = normalize((VIEW_MATRIX * vec4(normalize(MODEL_NORMAL_MATRIX * bent), 0.0)).xyz);
#endif
}
)";

}  // namespace

std::string material_shader_code(const std::array<bool, 3>& has_maps) {
    constexpr std::array<std::string_view, 3> names{"ALBEDO_MAPS", "NORMAL_MAPS", "ORM_MAPS"};
    std::string code = "shader_type spatial;\n";
    for (std::size_t i = 0; i < names.size(); ++i)
        if (has_maps[i]) code.append("#define ").append(names[i]).append("\n");
    return code.append(kCode);
}

}  // namespace nebula::godot

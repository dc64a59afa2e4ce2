// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/distances.hpp"

#include "nebula/base/log.hpp"

#include <cstdio>

namespace nebula::godot {

std::string text_of(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", number);
    return text;
}

bool accepts(const std::string& property, double value, Limits limits) {
    if (value >= limits.lowest && value <= limits.highest) return true;  // false for NaN
    log(LogLevel::Error, property + " is " + text_of(value) + "; it must be from " +
                             text_of(limits.lowest) + " to " + text_of(limits.highest) +
                             ". It keeps its value.");
    return false;
}

bool set_distance(double& property, const char* name, double voxels, Limits limits) {
    // False for NaN.
    if (voxels >= limits.lowest && voxels <= limits.highest) {
        property = voxels;
        return true;
    }
    log(LogLevel::Error, std::string(name) + " is " + text_of(voxels) + "; it must be from " +
                             text_of(limits.lowest) + " to " + text_of(limits.highest) +
                             " voxels. It stays at " + text_of(property) + ".");
    return false;
}

}  // namespace nebula::godot

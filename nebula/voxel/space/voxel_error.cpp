// SPDX-License-Identifier: MIT
#include "nebula/voxel/space/voxel_error.hpp"

#include <cmath>
#include <cstdint>
#include <exception>
#include <new>

namespace nebula::voxel {

std::optional<VoxelError> check_position(Vec3f position, const char* what) {
    for (const float c : {position.x, position.y, position.z}) {
        if (!std::isfinite(c))
            return VoxelError{VoxelError::Kind::NotFinite,
                              std::string(what) + " is not a finite position"};
        if (std::abs(c) > kWorldLimit)
            return VoxelError{VoxelError::Kind::OutsideWorld,
                              std::string(what) + " is more than 16000000 voxels from the origin"};
    }
    return std::nullopt;
}

std::optional<VoxelError> check_box(Vec3i min, Vec3i size, const char* what) {
    constexpr auto most = static_cast<std::int64_t>(kWorldLimit);
    const auto fits = [](std::int64_t first, std::int64_t count) {
        return first >= -most && first + count - 1 <= most;
    };
    if (fits(min.x, size.x) && fits(min.y, size.y) && fits(min.z, size.z)) return std::nullopt;
    return VoxelError{VoxelError::Kind::OutsideWorld,
                      std::string(what) + " reaches more than 16000000 voxels from the origin"};
}

VoxelError error_of_current_exception() noexcept {
    using Kind = VoxelError::Kind;
    try {
        try {
            throw;
        } catch (const std::bad_alloc&) {  // below
        } catch (const std::exception& e) {
            return {Kind::GeneratorFailed, e.what()};
        } catch (...) {
            return {Kind::GeneratorFailed, "unknown exception"};
        }
    } catch (...) {  // no memory for the text
    }
    return {Kind::OutOfMemory, "out of memory"};  // short enough for a string without heap memory
}

}  // namespace nebula::voxel

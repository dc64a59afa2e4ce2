// SPDX-License-Identifier: MIT
// Where a terrain keeps its world, as a resource.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/string.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nebula::godot {

/// The file of a terrain's world, and how often it is saved. A terrain takes a snapshot of the settings
/// when it makes its world, as it does with its generator.
///
/// Threads:   any thread. The engine saves, duplicates and loads resources on threads of its own.
class VoxelWorldStore final : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "VoxelWorldStore";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelWorldStore>& c);

    [[nodiscard]] String file_path() const;
    void set_file_path(const String& path);
    [[nodiscard]] String starting_path() const;
    void set_starting_path(const String& path);
    [[nodiscard]] double autosave_interval_sec() const { return autosave_sec_.load(); }
    void set_autosave_interval_sec(double seconds);
    [[nodiscard]] std::int64_t memory_limit_mb() const { return memory_limit_mb_.load(); }
    void set_memory_limit_mb(std::int64_t megabytes);
    /// As voxel::WorldSaverSettings has it.
    [[nodiscard]] std::optional<std::size_t> memory_limit() const;
    /// 0: the terrain saves only when it is told to.
    [[nodiscard]] std::chrono::milliseconds autosave() const;

private:
    mutable Mutex mutex_;
    String path_ NEBULA_GUARDED_BY(mutex_);
    String starting_path_ NEBULA_GUARDED_BY(mutex_);
    std::atomic<double> autosave_sec_{30.0};
    std::atomic<std::int64_t> memory_limit_mb_{256};
};

}  // namespace nebula::godot

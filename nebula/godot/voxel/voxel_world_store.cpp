// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_world_store.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/voxel/distances.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace nebula::godot {
namespace {

constexpr double kLongestAutosaveSec = 86'400;
constexpr std::int64_t kMostMemoryMb = 65'536;

}  // namespace

void VoxelWorldStore::bind(ClassBuilder<VoxelWorldStore>& c) {
    using Self = VoxelWorldStore;
    c.any_thread();
    c.doc(
        "The file in which a VoxelTerrain keeps what was dug and built.",
        "Give it a [member file_path], for what players change, or a [member starting_path], for "
        "what was sculpted in the editor, and set it as [member VoxelTerrain.world_store]. The "
        "terrain "
        "then "
        "loads the file before it shows anything, and saves to it on [method VoxelTerrain.save], "
        "every [member autosave_interval_sec] seconds, and when it ends.\n\n"
        "A save slot is a file: to switch slots, set another [VoxelWorldStore]. A terrain reads "
        "the properties when it makes its world, so a change of them has no effect until you call "
        "[method VoxelTerrain.regenerate]. The file holds only what was changed; "
        "the ground around it comes from the generator.");
    c.property("file_path", &Self::file_path, &Self::set_file_path, {},
               "The file, for example [code]user://slot1.nebula[/code] or an absolute path. If "
               "there is no such file, it is made; its folder must exist. A name without a folder, "
               "with a blank at an end, or of something that is no file is refused, and nothing is "
               "made; in an exported game, [code]res://[/code] is no folder. A file that is not a "
               "world is refused and stays as it is. One terrain at a time can have it open. "
               "The editor leaves it alone.");
    c.property("starting_path", &Self::starting_path, &Self::set_starting_path, {},
               "The world that a new game begins with, for example "
               "[code]res://island.nebula[/code]: what was sculpted in the editor. The editor "
               "shows and changes this file; a running game only reads it. If there is no file at "
               "[member file_path] yet, that begins as a copy of this one. Without a [member "
               "file_path], every game begins with this world, and what is changed in it is not "
               "saved.");
    c.property("autosave_interval_sec", &Self::autosave_interval_sec,
               &Self::set_autosave_interval_sec,
               Hint::range(0, kLongestAutosaveSec, 1, "or_greater,suffix:s"),
               "How many seconds a change waits until it is saved by itself. While it is above 0, "
               "the terrain also saves when it leaves the scene tree or ends, so nothing is lost "
               "when the game quits. With 0 the terrain saves only in [method VoxelTerrain.save], "
               "and whatever was changed after that is lost with it. From 0 to 86400, which is a "
               "day; any other value is refused with an error.");
    c.property("memory_limit_mb", &Self::memory_limit_mb, &Self::set_memory_limit_mb,
               Hint::range(0, 4096, 1, "or_greater,suffix:MiB"),
               "How much memory the ground that was changed and saved may take. What does not fit "
               "is read from the file again when somebody comes near, digs there or asks for it. "
               "What was changed and not saved yet is kept in addition; when that takes half of "
               "the limit, it is saved, unless [member autosave_interval_sec] is 0. With 0, all of "
               "the file is loaded when it is opened, and stays in memory. At most 65536; any "
               "other value is refused with an error.");
}

void VoxelWorldStore::set_memory_limit_mb(std::int64_t megabytes) {
    if (megabytes < 0 || megabytes > kMostMemoryMb) {
        log(LogLevel::Error, "VoxelWorldStore.memory_limit_mb is " + std::to_string(megabytes) +
                                 "; it must be from 0, for no limit, to " +
                                 std::to_string(kMostMemoryMb) + ". It keeps its value.");
        return;
    }
    memory_limit_mb_.store(megabytes);
    emit_changed();
}

std::optional<std::size_t> VoxelWorldStore::memory_limit() const {
    const std::int64_t megabytes = memory_limit_mb();
    if (megabytes == 0) return std::nullopt;
    return static_cast<std::size_t>(megabytes) << 20U;
}

String VoxelWorldStore::file_path() const {
    const MutexLock lock(mutex_);
    return path_;
}

void VoxelWorldStore::set_file_path(const String& path) {
    {
        const MutexLock lock(mutex_);
        path_ = path;
    }
    emit_changed();  // runs scripts
}

String VoxelWorldStore::starting_path() const {
    const MutexLock lock(mutex_);
    return starting_path_;
}

void VoxelWorldStore::set_starting_path(const String& path) {
    {
        const MutexLock lock(mutex_);
        starting_path_ = path;
    }
    emit_changed();
}

void VoxelWorldStore::set_autosave_interval_sec(double seconds) {
    if (!(seconds >= 0.0 && seconds <= kLongestAutosaveSec)) {
        log(LogLevel::Error, "VoxelWorldStore.autosave_interval_sec is " + text_of(seconds) +
                                 "; it must be from 0, which turns it off, to 86400. It keeps its "
                                 "value.");
        return;
    }
    autosave_sec_.store(seconds);
    emit_changed();
}

std::chrono::milliseconds VoxelWorldStore::autosave() const {
    return std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::duration<double>(autosave_interval_sec()));
}

}  // namespace nebula::godot

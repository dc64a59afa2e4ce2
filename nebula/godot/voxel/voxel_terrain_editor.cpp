// SPDX-License-Identifier: MIT
// The node in the editor: the game's own streaming and edits, around the editor's cameras. What is
// different there:
//   - it has a world only as a part of the scene that is being edited;
//   - nothing collides and nothing comes off, because no game runs;
//   - what the inspector changes shows by itself;
//   - the world's file is the store's starting_path, and it is saved with the scene.
#include "nebula/base/log.hpp"
#include "nebula/godot/api/editor_interface.hpp"
#include "nebula/godot/runtime/file_path.hpp"
#include "nebula/godot/voxel/editor_view.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/voxel/store/world_file.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

using voxel::WorldSaver;

// A slider that is being dragged changes a property in every frame, and each change is another world.
constexpr std::chrono::milliseconds kLeftAlone{250};

voxel::Box3i everything() {
    constexpr auto limit = static_cast<std::int32_t>(voxel::kWorldLimit);
    return {{-limit, -limit, -limit}, {limit, limit, limit}};
}

// Those that had a world in the editor, and are there. Main thread.
std::vector<VoxelTerrain*> edited;

}  // namespace

bool VoxelTerrain::may_run() const {
    if (!is_editor()) return true;
    return is_part_of_edited_scene() && (asked_for_ || !is_editor_without_window());
}

// An editor that imports opens the scenes of before, too.
void VoxelTerrain::ask_for_world() {
    if (std::exchange(asked_for_, true) || world_ || !is_editor()) return;
    start();
}

void VoxelTerrain::note_edited() {
    if (is_editor() && std::ranges::find(edited, this) == edited.end()) edited.push_back(this);
}

void VoxelTerrain::forget_edited() noexcept { std::erase(edited, this); }

void VoxelTerrain::follow_editor_cameras() {
    std::vector<voxel::Viewer> viewers;
    for (const EditorCamera& camera : editor_cameras()) {
        const voxel::Vec3f at = space_.to_voxels(camera.place.origin);
        if (voxel::check_position(at, "a camera")) continue;
        viewers.push_back(
            {at, static_cast<float>(view_distance_), static_cast<float>(detail_distance_),
             space_.direction_to_voxels(camera.place.basis * Vector3{0, 0, -1}).voxels,
             camera.view});
    }
    // While the editor shows something else, the terrain stays as it is.
    if (!viewers.empty()) (void)world_->terrain.set_viewers(viewers);
}

bool VoxelTerrain::is_out_of_date() {
    if (generator_.is_null()) return false;  // its setter has ended the world
    if (generator_->is_lost(*world_->generator)) return true;
    // As when a tab is closed: the scene that shows then begins before the one of before has ended.
    if (world_->file_was_held && is_file_in_use() && holder_of_file() == nullptr) return true;
    std::string now = generator_->describe() + '\n' + world_file().path;
    if (now == world_->generator_words + '\n' + world_->file) {
        changing_to_.clear();
        return false;
    }
    if (now != changing_to_) {
        changing_to_ = std::move(now);
        changed_at_ = Clock::now();
        return false;
    }
    return Clock::now() - changed_at_ >= kLeftAlone;
}

void VoxelTerrain::finish_edits() noexcept {
    WorldSaver* const saver = world_ ? world_->terrain.saver() : nullptr;
    if (saver == nullptr || saver->state() != WorldSaver::State::Ready) return;
    std::string problem;
    try {
        if (const auto done = saver->finish(); !done) problem = done.error().message + '.';
    } catch (const std::exception& error) {
        problem = error.what();
    }
    if (!problem.empty())
        log(LogLevel::Error, "VoxelTerrain: its last changes were not saved: " + problem);
}

bool VoxelTerrain::keeps_edits() const {
    WorldSaver* const saver = world_->terrain.saver();
    return saver == nullptr || saver->has_unsaved() || world_->terrain.stats().edits > 0;
}

const voxel::VoxelError* VoxelTerrain::file_error() const {
    const WorldSaver* const saver = world_ ? world_->terrain.saver() : nullptr;
    if (saver == nullptr || saver->state() != WorldSaver::State::Failed) return nullptr;
    return &saver->error();
}

bool VoxelTerrain::is_file_in_use() const {
    const voxel::VoxelError* const error = file_error();
    return error != nullptr && error->kind == voxel::VoxelError::Kind::FileInUse;
}

VoxelTerrain* VoxelTerrain::holder_of_file() const {
    const auto holder = std::ranges::find_if(edited, [&](const VoxelTerrain* other) {
        return other != this && other->world_ && other->world_->file == world_->file &&
               other->file_error() == nullptr;
    });
    return holder == edited.end() ? nullptr : *holder;
}

std::string VoxelTerrain::file_problem() const {
    if (is_file_in_use())
        return '"' + world_->file +
               "\" is open already, in another terrain, as after Duplicate, or in another program; "
               "each terrain needs a file of its own, which may begin as a copy";
    const voxel::VoxelError* const error = file_error();
    return error == nullptr ? std::string() : error->message;
}

Variant VoxelTerrain::make_file(const String& path) {
    voxel::WorldFileSettings settings;
    if (is_file_in_use()) {
        if (VoxelTerrain* const holder = holder_of_file()) {
            Variant answer = holder->export_box(file_of(path), everything());
            // In another tab nobody updates it.
            if (!holder->in_world_) holder->world_->terrain.saver()->wait();
            return answer;
        }
        settings.begin_with = [of = String(world_->file)](const std::string& to) {
            return begin_world_as_copy(of, to);
        };
    }
    const auto made = voxel::WorldFile::open(file_of(path), settings);
    return String(made ? std::string() : made.error().message);
}

// ---- What the plugin calls

std::vector<VoxelTerrain*> VoxelTerrain::unsaved_in_scene(const String& path) {
    const Node shown = EditorInterface::singleton().get_edited_scene_root();
    std::vector<VoxelTerrain*> found;
    for (VoxelTerrain* const terrain : edited) {
        if (!terrain->world_) continue;
        const WorldSaver* const saver = terrain->world_->terrain.saver();
        if (saver == nullptr || !saver->has_unsaved()) continue;
        Node root = *terrain;
        // A scene in another tab is outside the tree.
        for (Node parent = root.get_parent(); parent && root != shown; parent = root.get_parent())
            root = parent;
        if (root.get_scene_file_path() == path) found.push_back(terrain);
    }
    return found;
}

void VoxelTerrain::save_scene(const String& path) {
    for (VoxelTerrain* const terrain : unsaved_in_scene(path)) try {
            terrain->world_->terrain.saver()->save({});  // its failure is told like any other
        } catch (const std::bad_alloc&) {
            terrain->world_->view.no_memory();
        }
}

void VoxelTerrain::finish_all_edits() {
    for (VoxelTerrain* const terrain : std::vector(edited)) terrain->finish_edits();
}

}  // namespace nebula::godot

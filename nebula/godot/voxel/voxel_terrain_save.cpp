// SPDX-License-Identifier: MIT
// How the node loads and saves its world. What it waits for, and when:
//   - a world with a store streams nothing until its file is loaded;
//   - a save is begun and answered on the main thread, and the disk is touched on another;
//   - only a world that ends makes the main thread wait, until what must be saved is saved.
#include "nebula/base/log.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/runtime/file_path.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/voxel/editor_view.hpp"
#include "nebula/godot/voxel/later_answer.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/world/world_region.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

using voxel::WorldSaver;
/// Empty, or a sentence that says what was wrong.
using SaveWait = LaterAnswer<String>;

/// Answers a wait once, also if the world ends first.
class SaveAnswer {
public:
    /// \param verb  what was asked for; a literal.
    SaveAnswer(std::shared_ptr<SaveWait> wait, const char* verb) noexcept
        : wait_(std::move(wait)), verb_(verb) {}
    SaveAnswer(SaveAnswer&&) noexcept = default;
    SaveAnswer& operator=(SaveAnswer&&) = delete;
    ~SaveAnswer() {
        if (!wait_) return;
        give(
            std::string("the terrain ended before its world was loaded, so there was nothing to ") +
            verb_);
    }

    void give(std::string_view problem) noexcept {
        if (const auto wait = std::exchange(wait_, nullptr)) wait->settle(String(problem));
    }
    template <class T>
    void give(const tl::expected<T, voxel::VoxelError>& result) noexcept {
        give(result ? std::string_view() : std::string_view(result.error().message));
    }

private:
    std::shared_ptr<SaveWait> wait_;
    const char* verb_;
};

Variant awaited(const std::shared_ptr<SaveWait>& wait, std::string_view name, const char* verb) {
    return make_awaitable(
               SaveWait::outcome(wait),
               {.name = name,
                .when_cancelled = Variant(
                    String(std::string("the game quit before the ") + verb + " was answered")),
                .when_called_off =
                    Variant(String(std::string("nobody waits for the ") + verb +
                                   " any more, because the task was cancelled; it goes on"))})
        ->wait();
}

PackedStringArray strings_of(const std::vector<std::string>& texts) {
    PackedStringArray strings;
    strings.resize(texts.size());
    std::ranges::copy(texts, strings.write().begin());
    return strings;
}

}  // namespace

// The editor has the starting world, a game the player's, which begins as a copy of it.
WorldFilePlace VoxelTerrain::world_file() const {
    if (world_store_.is_null()) return {};
    const String own = world_store_->file_path();
    const String starting = world_store_->starting_path();
    if (is_editor())
        return {.path = starting == String() ? std::string() : file_of(starting), .copy_of = {}};
    if (own != String()) return {.path = file_of(own), .copy_of = starting};
    if (starting == String()) return {};
    return {.path = temporary_world_path(), .copy_of = starting, .is_temporary = true};
}

void VoxelTerrain::World::keep_in(const Ref<VoxelWorldStore>& store, const WorldFilePlace& place) {
    if (place.path.empty()) return;
    file = place.path;
    if (place.is_temporary) copy.take(file);
    // The editor saves with the scene.
    const auto autosave =
        place.is_temporary || is_editor() ? std::chrono::milliseconds(0) : store->autosave();
    autosaves = autosave.count() > 0;
    // In the editor, a look at a scene makes no file: the panel's button does.
    voxel::WorldFileSettings settings_of_file{.generator = generator_words, .create = !is_editor()};
    if (place.copy_of != String())
        settings_of_file.begin_with = [of = place.copy_of](const std::string& path) {
            return begin_world_as_copy(of, path);
        };
    terrain.keep_in(file, {.file = std::move(settings_of_file),
                           .autosave = autosave,
                           .memory_limit = store->memory_limit(),
                           .after_save = [this](const auto& result) { saves.push_back(result); }});
}

void VoxelTerrain::World::finish_saving() noexcept {
    WorldSaver* const saver = terrain.saver();
    if (saver == nullptr || saver->state() != WorldSaver::State::Ready) return;
    try {
        if (!autosaves) {
            saver->wait();
            for (const auto& save : saves)
                if (!save)
                    log(LogLevel::Error,
                        "VoxelTerrain ended while it was saved, and its last changes are lost: " +
                            save.error().message + '.');
            return;
        }
        if (const auto done = saver->finish(); !done)
            log(LogLevel::Error,
                "VoxelTerrain ended, and its last changes are lost: " + done.error().message + '.');
    } catch (const std::exception& error) {
        log(LogLevel::Error,
            std::string("VoxelTerrain ended, and its last changes are lost: ") + error.what());
    }
}

void VoxelTerrain::set_world_store(const Ref<VoxelWorldStore>& store) {
    if (world_store_ == store) return;
    world_store_ = store;
    const ObjectId self = id();
    update_configuration_warnings();
    if (self.is_alive()) regenerate();
}

// ---- What scripts call

std::string VoxelTerrain::why_no_file(const std::string& verb) {
    const ObjectId self = id();
    if (!has_world())
        return self.is_alive() ? "the terrain has no world yet; add it to the scene tree, with a "
                                 "generator, before you " +
                                     verb + " it"
                               : "the terrain has been freed";
    if (!in_world_)
        return "the terrain is outside the scene tree; add it again before you " + verb + " it";
    if (world_->terrain.saver() == nullptr)
        return "the terrain has no file; set its world_store to a VoxelWorldStore with a file_path";
    return {};
}

Variant VoxelTerrain::save() {
    constexpr const char* verb = "save";
    if (const std::string why = why_no_file(verb); !why.empty()) return String(why);
    if (world_->copy.is_taken())
        return String(
            "the terrain's store has only a starting_path, and a game does not change that file; "
            "set its file_path, for example to user://world.nebula");
    const auto wait = std::make_shared<SaveWait>();
    world_->terrain.saver()->save(
        [answer = SaveAnswer(wait, verb)](auto&& result) mutable { answer.give(result); });
    return awaited(wait, "VoxelTerrain.save", verb);
}

Variant VoxelTerrain::export_region(const AABB& area, const String& path) {
    if (const std::string why = why_no_file("export"); !why.empty()) return String(why);
    if (!update_space()) return String("the terrain has a transform that cannot work");
    const voxel::Aabb box = space_.to_voxels(area);
    for (const voxel::Vec3f corner : {box.min, box.max})
        if (const auto error = voxel::check_position(corner, "the area"))
            return String(std::string_view(error->message));
    const auto low = [](float c) { return static_cast<std::int32_t>(std::floor(c)); };
    const auto high = [](float c) { return static_cast<std::int32_t>(std::ceil(c)); };
    const voxel::Box3i voxels{{low(box.min.x), low(box.min.y), low(box.min.z)},
                              {high(box.max.x), high(box.max.y), high(box.max.z)}};
    if (voxels.empty()) return String("the area is empty, so there is nothing to export");
    return export_box(file_of(path), voxels);
}

Variant VoxelTerrain::export_box(const std::string& path, const voxel::Box3i& voxels) {
    constexpr const char* verb = "export";
    const auto wait = std::make_shared<SaveWait>();
    world_->terrain.saver()->export_region(
        path, voxels,
        [answer = SaveAnswer(wait, verb)](auto&& bricks) mutable { answer.give(bricks); });
    return awaited(wait, "VoxelTerrain.export_region", verb);
}

Variant VoxelTerrain::import_region(const String& path, const Vector3i& moved_by) {
    const std::string where = "VoxelTerrain.import_region: ";
    if (edit_obstacle(where) != Error::OK)
        return String("the terrain cannot be changed now; the line in the output says why");
    auto& tasks = room_for_background_edit();
    const auto news = std::make_shared<TaskNews>();
    tasks.push_back(make_awaitable(
        import_in_background(file_of(path), {moved_by.x, moved_by.y, moved_by.z}, edit_user_,
                             edit_stroke_, news),
        {.name = "VoxelTerrain.import_region",
         .when_cancelled =
             Variant(String("the terrain lost its world before the region was a part of it")),
         .when_called_off = Variant(String("the import was cancelled, and nothing has changed")),
         .news = news}));
    return tasks.back()->wait();
}

task<String> VoxelTerrain::import_in_background(std::string path, voxel::Vec3i moved_by,
                                                std::uint32_t user, std::uint32_t stroke,
                                                std::shared_ptr<TaskNews> news) {
    const std::string words = world_->generator_words;
    const auto told = [](const voxel::VoxelError& error) {
        return String(std::string_view(error.message));
    };
    auto region = co_await shared_pool().io().run([path, words, generator = world_->generator] {
        return voxel::read_world_region(path, *generator, words);
    });
    if (!region) co_return told(region.error());
    const String loss(region->loss);
    const auto damaged = static_cast<std::int64_t>(region->damaged);
    std::vector<std::string> warnings;
    if (!region->loss.empty()) warnings.push_back(region->loss);
    if (!region->other_generator.empty())
        warnings.push_back('"' + path + "\" was made with another generator (" +
                           region->other_generator + ") than the terrain has (" + words +
                           "), so ground that nobody changed there may be another one here");
    auto plan = co_await shared_pool().run(
        [region = std::move(*region), moved_by, user, stroke]() mutable {
            return voxel::paste_of(std::move(region), moved_by)
                .and_then([&](voxel::Operation&& operation) {
                    operation.user = user;
                    operation.stroke = stroke;
                    return voxel::BigEdit::plan(std::move(operation));
                });
        },
        {.band = Band::Background, .name = "import_region"});
    if (!plan) co_return told(plan.error());
    const auto begun = world_->terrain.begin_edit(std::move(*plan));
    if (!begun) co_return told(begun.error());
    const auto changed = co_await finish_edit(HeldEdit(world_->terrain, **begun), std::move(news));
    if (!changed) co_return told(changed.error());
    if (tell_warnings(warnings) && *changed)
        emit_signal("region_imported",
                    {Dictionary{{"damaged", damaged}, {"warnings", strings_of(warnings)}}});
    co_return loss;
}

// ---- What scripts are told

// After each line and each signal, survives() comes before anything else of `this`: see stream().

bool VoxelTerrain::tell_warnings(const std::vector<std::string>& warnings) const {
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    return std::ranges::all_of(warnings, [&](const std::string& warning) {
        return tell(LogLevel::Warning, "VoxelTerrain: " + warning + '.') &&
               survives(self, world_number);
    });
}

std::string VoxelTerrain::damage_of(const WorldSaver& saver) const {
    return '"' + world_->file + "\" has " + std::to_string(saver.damaged()) +
           " damaged bricks out of " + std::to_string(saver.report().bricks) +
           "; the generator's ground is in their place";
}

std::vector<std::string> VoxelTerrain::file_warnings() {
    const WorldSaver& saver = *world_->terrain.saver();
    const voxel::WorldFileReport& report = saver.report();
    const std::string file = '"' + world_->file + '"';
    std::vector<std::string> warnings;
    if (!report.warning.empty())
        warnings.push_back(report.warning);
    else if (report.read_only)
        warnings.push_back(file +
                           " can only be read, so nothing will be saved; check the permissions of "
                           "the file and its folder, or save to another file");
    // A file without a change has nothing that could fail to fit.
    if (!report.other_generator.empty() && report.bricks > 0)
        warnings.push_back(file + " was made with another generator (" + report.other_generator +
                           ") than the terrain has (" + world_->generator_words +
                           "), so its edits may not fit the ground around them; set the "
                           "generator back, or use a new file; the next save notes the new one");
    if (saver.damaged() > 0) warnings.push_back(damage_of(saver));
    return warnings;
}

void VoxelTerrain::announce_file() {
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    if (!world_store_ || world_->announced_file) return;
    WorldSaver* const saver = world_->terrain.saver();
    if (saver != nullptr && saver->state() == WorldSaver::State::Loading) return;
    world_->announced_file = true;
    if (saver == nullptr || saver->state() == WorldSaver::State::Failed) {
        if (is_editor()) {
            update_configuration_warnings();
            if (saver == nullptr) return;  // the store is for the game
        }
        const std::string problem =
            saver == nullptr ? "the world store has no file_path, so nothing is saved; set it, for "
                               "example to user://world.nebula"
                             : saver->error().message;
        if (!tell(LogLevel::Warning, "VoxelTerrain: " + problem + '.') ||
            !survives(self, world_number))
            return;
        emit_signal("save_failed", {String(problem)});
        return;
    }
    const std::vector<std::string> warnings = file_warnings();
    world_->damaged_told = saver->damaged();
    const Dictionary report{{"created", saver->report().created},
                            {"read_only", saver->report().read_only || world_->copy.is_taken()},
                            {"bricks", static_cast<std::int64_t>(saver->report().bricks)},
                            {"damaged", static_cast<std::int64_t>(saver->damaged())},
                            {"warnings", strings_of(warnings)}};
    if (tell_warnings(warnings)) emit_signal("world_loaded", {report});
}

void VoxelTerrain::announce_saves() {
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    // With a memory limit, damage is found when the bricks are read.
    if (const WorldSaver* const saver = world_->terrain.saver();
        saver != nullptr &&
        saver->damaged() > std::exchange(world_->damaged_told, saver->damaged()) &&
        (!tell(LogLevel::Warning, "VoxelTerrain: " + damage_of(*saver) + '.') ||
         !survives(self, world_number)))
        return;
    for (const auto& result : std::exchange(world_->saves, {})) {
        if (result) {
            emit_signal("saved", {static_cast<std::int64_t>(result->bricks)});
        } else {
            if (!tell(LogLevel::Warning, "VoxelTerrain: " + result.error().message + '.') ||
                !survives(self, world_number))
                return;
            emit_signal("save_failed", {String(result.error().message)});
        }
        if (!survives(self, world_number)) return;
    }
}

}  // namespace nebula::godot

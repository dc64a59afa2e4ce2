// SPDX-License-Identifier: MIT
// How scripts change the ground: edits in a call and in the background, strokes, undo.
#include "nebula/base/log.hpp"
#include "nebula/base/trace.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/voxel/brushes.hpp"
#include "nebula/godot/voxel/editor_view.hpp"
#include "nebula/godot/voxel/held_edit.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nebula::godot {
namespace {

constexpr std::int64_t kMostUndoMb = 65536;
// The editor's history has strokes whatever the game does.
constexpr std::int64_t kLeastUndoMbInEditor = 64;
constexpr std::int64_t kMostUser = std::numeric_limits<std::uint32_t>::max();
// Scripts number strokes below this, the terrain from here on: what they chose never meets.
constexpr std::int64_t kOwnStrokes = std::int64_t{1} << 31U;
// How long the main thread works on an edit in the background in each frame, if there are no workers.
constexpr std::chrono::milliseconds kBackgroundWithoutWorkers{2};

std::string place_of(const char* method) { return std::string("VoxelTerrain.") + method + ": "; }

// A sentence if the user is none, or nothing.
std::string user_fault(std::int64_t user) {
    if (user >= 0 && user <= kMostUser) return {};
    return "user is " + std::to_string(user) + "; it must be from 0 to " +
           std::to_string(kMostUser) + ".";
}

}  // namespace

Error VoxelTerrain::edit_obstacle(const std::string& where) {
    if (!has_world()) {
        refuse(where +
               "the terrain has no world yet. Add it to the scene tree, with a generator, before "
               "you change it.");
        return Error::ERR_UNCONFIGURED;
    }
    if (!is_inside_tree()) {
        refuse(where + "the terrain is outside the scene tree. Add it again before you change it.");
        return Error::ERR_UNCONFIGURED;
    }
    if (!update_space()) return Error::ERR_UNAVAILABLE;  // the warning has said why
    const voxel::VoxelError* const hold = world_->terrain.hold();
    if (hold == nullptr) return Error::OK;
    const Error error = world_->terrain.saver()->state() == voxel::WorldSaver::State::Loading
                            ? Error::ERR_BUSY
                            : Error::ERR_FILE_CANT_OPEN;
    refuse(where + hold->message + '.');  // whoever reads the line may free the terrain
    return error;
}

void VoxelTerrain::name_stroke(voxel::Operation& operation) const noexcept {
    operation.user = edit_user_;
    operation.stroke = edit_stroke_;
}

VoxelTerrain::MadeEdit VoxelTerrain::noted(Clock::time_point at, ObjectId body,
                                           const std::function<MadeEdit()>& make) {
    World& world = *world_;
    world.pending_edits.push_back({at, EngineLoop::get().frame(), body});
    MadeEdit report;
    try {
        report = make();
    } catch (...) {
        world.pending_edits.pop_back();
        throw;
    }
    if (!report) {
        world.pending_edits.pop_back();
        return report;
    }
    world.last_edit = LastEdit{report->volume, std::move(report->materials), report->reach[0]};
    if (world.announcing)
        world.edits_for_next_frame = true;
    else
        world.edited.set();
    return report;
}

BrushPlace VoxelTerrain::brush_place(float most) const {
    return {space_, most, material_library_.get()};
}

Error VoxelTerrain::edit(const char* method, const MakeBrush& make_brush) {
    NEBULA_TRACE_ZONE("terrain: edit");
    const std::string where = place_of(method);
    if (const Error obstacle = edit_obstacle(where); obstacle != Error::OK) return obstacle;
    const Clock::time_point at = Clock::now();
    const auto end_of_sentence = [&]() -> std::string {
        const Brush larger = make_brush(brush_place(voxel::kMaxBigEditRadius));
        if (!larger || check(*larger, voxel::kMaxBigEditRadius)) return ".";
        return std::string("; use ") + method + "_async() for larger ones.";
    };
    Brush brush = make_brush(brush_place(voxel::kMaxEditRadius));
    if (!brush) return refuse(where + brush.error() + end_of_sentence());
    name_stroke(*brush);
    const auto report = noted(at, {}, [&] { return world_->terrain.edit(*brush); });
    if (!report) {
        if (check(*brush, voxel::kMaxEditRadius))
            return refuse(where + report.error().message + end_of_sentence());
        return refuse(where, report.error());
    }
    return Error::OK;
}

Variant VoxelTerrain::edit_async(const char* method, const MakeBrush& make_brush) {
    const std::string where = place_of(method);
    if (const Error obstacle = edit_obstacle(where); obstacle != Error::OK) return obstacle;
    Brush brush = make_brush(brush_place(voxel::kMaxBigEditRadius));
    if (!brush) return refuse(where + brush.error() + '.');
    if (std::holds_alternative<voxel::StampShape>(brush->shape))
        return edit_async(method,
                          [brush = std::move(brush)]() mutable { return std::move(brush); });
    name_stroke(*brush);
    auto& tasks = room_for_background_edit();
    const auto begun = world_->terrain.begin_edit(*brush);
    if (!begun) return refuse(where, begun.error());
    const auto news = std::make_shared<TaskNews>();
    const auto options = background_options(where, news);
    tasks.push_back(make_awaitable(
        finish_in_background(where, HeldEdit(world_->terrain, **begun), news), options));
    return tasks.back()->wait();
}

Variant VoxelTerrain::edit_async(const char* method, std::function<Brush()> make_brush) {
    const std::string where = place_of(method);
    if (const Error obstacle = edit_obstacle(where); obstacle != Error::OK) return obstacle;
    auto& tasks = room_for_background_edit();
    const auto news = std::make_shared<TaskNews>();
    tasks.push_back(make_awaitable(
        make_in_background(where, std::move(make_brush), edit_user_, edit_stroke_, news),
        background_options(where, news)));
    return tasks.back()->wait();
}

AwaitableOptions VoxelTerrain::background_options(std::string_view where,
                                                  std::shared_ptr<TaskNews> news) {
    // The world's end cancels it, and with the world goes the edit.
    return {.name = where.substr(0, where.find(':')),
            .when_cancelled = Variant(Error::ERR_UNCONFIGURED),
            .when_called_off = Variant(Error::ERR_SKIP),
            .news = std::move(news)};
}

task<std::int64_t> VoxelTerrain::make_in_background(std::string where,
                                                    std::function<Brush()> make_brush,
                                                    std::uint32_t user, std::uint32_t stroke,
                                                    std::shared_ptr<TaskNews> news) {
    using Plan = tl::expected<voxel::BigEdit::Plan, voxel::VoxelError>;
    auto job = shared_pool().run(
        [make_brush = std::move(make_brush), user, stroke]() -> Plan {
            try {
                Brush brush = make_brush();
                if (!brush)
                    return tl::unexpected(
                        voxel::VoxelError{voxel::VoxelError::Kind::OutOfRange, brush.error()});
                brush->user = user;
                brush->stroke = stroke;
                return voxel::BigEdit::plan(std::move(*brush));
            } catch (...) {
                return tl::unexpected(voxel::error_of_current_exception());
            }
        },
        {.band = Band::Normal, .name = "brush"});
    Plan plan = co_await job;
    if (!plan) co_return static_cast<std::int64_t>(refuse(where, plan.error()));
    const auto begun = world_->terrain.begin_edit(std::move(*plan));
    if (!begun) co_return static_cast<std::int64_t>(refuse(where, begun.error()));
    co_return co_await finish_in_background(where, HeldEdit(world_->terrain, **begun), news);
}

std::vector<Ref<NebulaTask>>& VoxelTerrain::room_for_background_edit() {
    auto& tasks = world_->edits_in_background;
    std::erase_if(tasks, [](const Ref<NebulaTask>& each) { return each->is_done(); });
    tasks.reserve(tasks.size() + 1);
    return tasks;
}

task<tl::expected<bool, voxel::VoxelError>> VoxelTerrain::finish_edit(
    HeldEdit edit, std::shared_ptr<TaskNews> news) {
    using Kind = voxel::VoxelError::Kind;
    for (;;) {
        co_await next_frame();
        co_await world_->entered.wait();
        if (!in_world_) continue;
        const Clock::time_point now = Clock::now();
        const auto state = edit->advance(now + kBackgroundWithoutWorkers);
        // It falls when bricks are worked out again, and a bar that goes back looks like a mistake.
        news->progress = std::max(news->progress, double{edit->progress()});
        if (state == voxel::BigEdit::State::Working) continue;
        auto report = noted(now, {}, [&] { return world_->terrain.finish_edit(*edit); });
        if (!report && report.error().kind == Kind::NotReady) continue;
        edit.release();
        if (!report) co_return tl::unexpected(std::move(report.error()));
        news->details = last_edit();
        co_return !report->bricks.empty();
    }
}

task<std::int64_t> VoxelTerrain::finish_in_background(std::string where, HeldEdit edit,
                                                      std::shared_ptr<TaskNews> news) {
    const auto done = co_await finish_edit(std::move(edit), std::move(news));
    co_return static_cast<std::int64_t>(done ? Error::OK : refuse(where, done.error()));
}

Dictionary VoxelTerrain::last_edit() const {
    if (!world_ || !world_->last_edit) return {};
    const auto& [volume, materials, reach] = *world_->last_edit;
    const auto& size = space_.voxel_size();
    const double unit = size[0] * size[1] * size[2] / voxel::kVolumeUnitsPerVoxel;
    const auto corner = [](const voxel::Vec3i& at) {
        return voxel::Vec3f{static_cast<float>(at.x), static_cast<float>(at.y),
                            static_cast<float>(at.z)};
    };
    const AABB area =
        reach.empty() ? AABB{} : space_.to_global({corner(reach.min), corner(reach.max)});
    Dictionary removed;
    Dictionary added;
    for (const auto& [material, part] : materials) {
        const auto number = static_cast<std::int64_t>(material);
        if (part.removed != 0) removed[number] = static_cast<double>(part.removed) * unit;
        if (part.added != 0) added[number] = static_cast<double>(part.added) * unit;
    }
    return {{"removed", static_cast<double>(volume.removed) * unit},
            {"added", static_cast<double>(volume.added) * unit},
            {"removed_by_material", removed},
            {"added_by_material", added},
            {"area", area}};
}

// ---- Undo

std::size_t VoxelTerrain::undo_limit_bytes() const {
    const std::int64_t megabytes =
        is_editor() ? std::max(undo_limit_mb_, kLeastUndoMbInEditor) : undo_limit_mb_;
    return static_cast<std::size_t>(megabytes) << 20U;
}

void VoxelTerrain::set_undo_limit_mb(std::int64_t megabytes) {
    if (megabytes < 0 || megabytes > kMostUndoMb) {
        refuse("VoxelTerrain.undo_limit_mb is " + std::to_string(megabytes) +
               "; it must be from 0, for no undo, to " + std::to_string(kMostUndoMb) +
               ". It stays at " + std::to_string(undo_limit_mb_) + ".");
        return;
    }
    if (megabytes == undo_limit_mb_) return;  // the world would forget what it keeps
    const std::int64_t before = std::exchange(undo_limit_mb_, megabytes);
    if (!world_) return start();
    try {
        world_->terrain.set_undo_limit(undo_limit_bytes());
    } catch (const std::bad_alloc&) {
        undo_limit_mb_ = 0;
        refuse(
            "VoxelTerrain.undo_limit_mb: there is no memory to keep edits, so it is 0 now; it "
            "was " +
            std::to_string(before) + ".");
    }
}

std::int64_t VoxelTerrain::begin_stroke(std::int64_t user, std::int64_t stroke) {
    if (const std::string fault = user_fault(user); !fault.empty()) {
        refuse(place_of("begin_stroke") + fault);
        return 0;
    }
    if (stroke < 0 || stroke >= kOwnStrokes + own_strokes_) {
        refuse(place_of("begin_stroke") + "stroke is " + std::to_string(stroke) +
               "; it must be 0, for a new stroke, a number of your own below " +
               std::to_string(kOwnStrokes) + ", or one that begin_stroke() has returned.");
        return 0;
    }
    if (stroke == 0) {
        stroke = kOwnStrokes + own_strokes_;
        own_strokes_ = own_strokes_ + 1U == kOwnStrokes ? 0 : own_strokes_ + 1U;
    }
    edit_user_ = static_cast<std::uint32_t>(user);
    edit_stroke_ = static_cast<std::uint32_t>(stroke);
    return stroke;
}

void VoxelTerrain::end_stroke() {
    edit_user_ = 0;
    edit_stroke_ = 0;
}

Error VoxelTerrain::undo(std::int64_t user) { return step_back("undo", user, false); }

Error VoxelTerrain::redo(std::int64_t user) { return step_back("redo", user, true); }

Error VoxelTerrain::step_back(const char* method, std::int64_t user, bool redo) {
    const std::string where = place_of(method);
    if (const Error obstacle = edit_obstacle(where); obstacle != Error::OK) return obstacle;
    if (const std::string fault = user_fault(user); !fault.empty()) return refuse(where + fault);
    if (undo_limit_bytes() == 0) {
        refuse(where + "undo_limit_mb is 0, so no edit is kept. Set it before you edit.");
        return Error::ERR_UNCONFIGURED;
    }
    const Clock::time_point at = Clock::now();
    voxel::Terrain& terrain = world_->terrain;
    const auto who = static_cast<std::uint32_t>(user);
    const auto report = noted(at, {}, [&] { return redo ? terrain.redo(who) : terrain.undo(who); });
    if (report) return Error::OK;
    switch (report.error().kind) {
        case voxel::VoxelError::Kind::NothingToUndo:  // a key that is pressed once more: no mistake
            return Error::ERR_DOES_NOT_EXIST;
        case voxel::VoxelError::Kind::Conflict:
            log(LogLevel::Warning, where + report.error().message + '.');
            return Error::ERR_BUSY;
        default:
            return refuse(where, report.error());
    }
}

std::int64_t VoxelTerrain::undo_stroke(std::int64_t user) const {
    if (!world_ || !user_fault(user).empty()) return -1;
    const auto stroke = world_->terrain.stroke_to_undo(static_cast<std::uint32_t>(user));
    return stroke ? std::int64_t{*stroke} : -1;
}

std::int64_t VoxelTerrain::redo_stroke(std::int64_t user) const {
    if (!world_ || !user_fault(user).empty()) return -1;
    const auto stroke = world_->terrain.stroke_to_redo(static_cast<std::uint32_t>(user));
    return stroke ? std::int64_t{*stroke} : -1;
}

}  // namespace nebula::godot

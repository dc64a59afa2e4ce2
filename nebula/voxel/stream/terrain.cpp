// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/terrain.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/removal.hpp"
#include "nebula/voxel/stream/colliders.hpp"
#include "nebula/voxel/stream/streamer.hpp"
#include "nebula/voxel/world/world.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace nebula::voxel {

namespace {

constexpr std::size_t kLeastWaitingBytes = std::size_t{1} << 20U;

bool within(float value, float low, float high) { return value >= low && value <= high; }

std::optional<VoxelError> check_distances(float view, float detail) {
    using Kind = VoxelError::Kind;
    if (!std::isfinite(view) || !std::isfinite(detail))
        return VoxelError{Kind::NotFinite, "a view distance is not a finite number"};
    if (!within(view, 1.0F, kMostViewDistance))
        return VoxelError{Kind::OutOfRange, "the view distance must lie in [1, 16384] voxels"};
    if (!within(detail, 1.0F, kMostDetailDistance))
        return VoxelError{Kind::OutOfRange, "the detail distance must lie in [1, 512] voxels"};
    return std::nullopt;
}

std::optional<VoxelError> check_viewer(const Viewer& viewer) {
    if (auto error = check_position(viewer.position, "the viewer's position")) return error;
    const Vec3f& f = viewer.forward;
    if (!std::isfinite(f.x) || !std::isfinite(f.y) || !std::isfinite(f.z))
        return VoxelError{VoxelError::Kind::NotFinite, "the viewer's direction is not finite"};
    return check_distances(viewer.view_distance, viewer.detail_distance);
}

}  // namespace

class Terrain::Impl {
public:
    Impl(WorkerPool& workers, std::shared_ptr<const Generator> generator,
         const TerrainSettings& settings)
        : pool(workers),
          world(std::move(generator)),
          streamer(world, workers, settings),
          colliders(world.volume(), workers, settings.now) {}

    [[nodiscard]] bool is_reading() const noexcept {
        return saver && saver->state() == WorldSaver::State::Loading;
    }

    WorkerPool& pool;
    World world;
    std::unique_ptr<WorldSaver> saver;  // null without a file
    Streamer streamer;
    Colliders colliders;
    std::optional<Viewer> viewer;  // of set_viewer
};

Terrain::Terrain(WorkerPool& pool, std::shared_ptr<const Generator> generator,
                 TerrainSettings settings)
    : settings_(std::move(settings)) {
    if (generator == nullptr) throw std::invalid_argument("terrain: the generator is null");
    if (auto error = check_distances(settings_.view_distance, settings_.detail_distance))
        throw std::invalid_argument("terrain: " + error->message);
    for (const Clock::duration budget :
         {settings_.update_budget, settings_.commit_budget, settings_.edit_budget})
        if (budget < Clock::duration::zero())
            throw std::invalid_argument("terrain: a budget is negative");
    if (settings_.most_waiting_bytes < kLeastWaitingBytes)
        throw std::invalid_argument("terrain: most_waiting_bytes must be at least 1 MiB");
    if (settings_.surfaces == nullptr)
        throw std::invalid_argument("terrain: the surface maker is null");
    if (settings_.now == nullptr) throw std::invalid_argument("terrain: the clock is null");
    impl_ = std::make_unique<Impl>(pool, std::move(generator), settings_);
}

Terrain::~Terrain() { (void)impl(); }

Terrain::Impl& Terrain::impl() const noexcept {
    NEBULA_ASSERT(impl_->world.volume().is_owner_thread(),
                  "only the thread that constructed a terrain may use it");
    return *impl_;
}

void Terrain::keep_in(std::string path, WorldSaverSettings settings) {
    NEBULA_ASSERT(impl().saver == nullptr, "a terrain has one file");
    impl().saver = std::make_unique<WorldSaver>(impl().world, std::move(path), std::move(settings));
}

WorldSaver* Terrain::saver() noexcept { return impl().saver.get(); }
const VoxelError* Terrain::hold() const noexcept { return impl().world.hold(); }

tl::expected<void, VoxelError> Terrain::set_viewer(Vec3f position, Vec3f forward) {
    const Viewer viewer{position, settings_.view_distance, settings_.detail_distance, forward};
    auto done = set_viewers({&viewer, 1});
    if (done) impl().viewer = viewer;
    return done;
}

tl::expected<void, VoxelError> Terrain::set_viewers(std::span<const Viewer> viewers) {
    for (const Viewer& viewer : viewers)
        if (auto error = check_viewer(viewer)) return tl::unexpected(std::move(*error));
    impl().viewer.reset();
    impl().streamer.set_viewers(viewers);
    return {};
}

tl::expected<void, VoxelError> Terrain::set_distances(float view, float detail) {
    if (auto error = check_distances(view, detail)) return tl::unexpected(std::move(*error));
    settings_.view_distance = view;
    settings_.detail_distance = detail;
    if (impl().viewer) return set_viewer(impl().viewer->position, impl().viewer->forward);
    return {};
}

void Terrain::set_commit_budget(Clock::duration budget) noexcept {
    settings_.commit_budget = std::max(budget, Clock::duration::zero());
}

void Terrain::update() {
    if (impl().saver) impl().saver->update();
    // Chunks of bricks that are not here yet would show the generator's world.
    if (!impl().is_reading()) impl().streamer.update();
}

CommitReport Terrain::commit(CommitSink& sink, Clock::duration budget) {
    return impl().streamer.commit(sink, budget);
}

template <class F>  // called with the world and what the streamer must do before a change
tl::expected<EditReport, VoxelError> Terrain::change(F&& f) {
    Streamer& streamer = impl().streamer;
    auto report = f(impl().world, [&](const EditReport& edit) { streamer.prepare_for(edit); });
    if (report) {
        streamer.note_edit();
        impl().colliders.note_edit(report->reach[0]);
    }
    return report;
}

tl::expected<EditReport, VoxelError> Terrain::edit(const Operation& operation) {
    return change([&](World& world, auto&& ready) { return world.apply(operation, ready); });
}

tl::expected<EditReport, VoxelError> Terrain::edit(const SphereEdit& operation) {
    return edit(operation_of(operation));
}

tl::expected<EditReport, VoxelError> Terrain::undo(std::uint32_t user) {
    return change([&](World& world, auto&& ready) { return world.undo(user, ready); });
}

tl::expected<EditReport, VoxelError> Terrain::redo(std::uint32_t user) {
    return change([&](World& world, auto&& ready) { return world.redo(user, ready); });
}

void Terrain::set_undo_limit(std::size_t bytes_per_user) {
    impl().world.set_undo_limit(bytes_per_user);
}

std::optional<std::uint32_t> Terrain::stroke_to_undo(std::uint32_t user) const noexcept {
    const UndoHistory* const history = impl().world.undo_history();
    return history == nullptr ? std::nullopt : history->stroke_to_undo(user);
}

std::optional<std::uint32_t> Terrain::stroke_to_redo(std::uint32_t user) const noexcept {
    const UndoHistory* const history = impl().world.undo_history();
    return history == nullptr ? std::nullopt : history->stroke_to_redo(user);
}

tl::expected<BigEdit*, VoxelError> Terrain::begin_edit(const Operation& operation) {
    return impl().world.begin(impl().pool, operation);
}

tl::expected<BigEdit*, VoxelError> Terrain::begin_edit(BigEdit::Plan plan) {
    return impl().world.begin(impl().pool, std::move(plan));
}

tl::expected<EditReport, VoxelError> Terrain::finish_edit(BigEdit& edit) {
    return change([&](World& world, auto&& ready) { return world.finish(edit, ready); });
}

void Terrain::drop_edit(BigEdit& edit) noexcept { impl().world.drop(edit); }

tl::expected<EditReport, VoxelError> Terrain::dig_sphere(Vec3f centre, float radius) {
    return edit({SphereEdit::Kind::Dig, centre, radius});
}

tl::expected<EditReport, VoxelError> Terrain::add_sphere(Vec3f centre, float radius) {
    return edit({SphereEdit::Kind::Add, centre, radius});
}

bool Terrain::edits_pending() const noexcept { return impl().streamer.edits_pending(); }

EditCommit Terrain::commit_edits(CommitSink& sink, Clock::time_point deadline) {
    return impl().streamer.commit_edits(sink, deadline);
}

tl::expected<std::optional<RayHit>, VoxelError> Terrain::raycast(Vec3f from, Vec3f direction,
                                                                 float max_distance) {
    return impl().world.raycast(from, direction, max_distance);
}

tl::expected<std::optional<Material>, VoxelError> Terrain::material_at(Vec3f position) const {
    return impl().world.material_at(position);
}

tl::expected<DistanceGrid, VoxelError> Terrain::read_box(const Box3i& box) const {
    return read_region(impl().world.volume(), box);
}

tl::expected<std::vector<Material>, VoxelError> Terrain::read_box_materials(
    const Box3i& box) const {
    return read_region_materials(impl().world.volume(), box);
}

tl::expected<DistanceGrid, VoxelError> Terrain::copy_box(const Box3i& box) const {
    return read_region_with_materials(impl().world.volume(), box);
}

Mover& Terrain::mover() noexcept { return impl().world.mover(); }

IslandSearch& Terrain::islands() noexcept { return impl().world.islands(); }

tl::expected<std::optional<GroundPart>, VoxelError> Terrain::part_at(Vec3i sample,
                                                                     std::int32_t largest) {
    return voxel::part_at(impl().world.volume(), sample, largest);
}

tl::expected<std::optional<LoosePart>, VoxelError> Terrain::loose_part_at(
    Vec3i sample, std::int32_t largest, const BodySettings& settings) {
    return voxel::loose_part_at(impl().world.volume(), sample, largest, settings);
}

tl::expected<EditReport, VoxelError> Terrain::remove(const GroundPart& part, std::uint32_t user,
                                                     std::uint32_t stroke) {
    auto removal = removal_of(impl().world.volume(), part);
    if (!removal) return tl::unexpected(std::move(removal.error()));
    removal->user = user;
    removal->stroke = stroke;
    return edit(*removal);
}

tl::expected<Detachment*, VoxelError> Terrain::detach(Vec3i sample,
                                                      const DetachmentSettings& settings) {
    return impl().world.detach(impl().pool, sample, settings);
}

tl::expected<EditReport, VoxelError> Terrain::finish(Detachment& island) {
    return change([&](World& world, auto&& ready) { return world.finish(island, ready); });
}

void Terrain::drop(Detachment& island) noexcept { impl().world.drop(island); }

Colliders& Terrain::colliders() noexcept { return impl().colliders; }

tl::expected<ChunkMesh, VoxelError> Terrain::build_chunk(ChunkId chunk) {
    return impl().streamer.build_chunk(chunk);
}

std::size_t Terrain::retry_failed() { return impl().streamer.retry_failed(); }

bool Terrain::is_loaded() const noexcept {
    return !impl().is_reading() && impl().streamer.is_loaded();
}

std::string Terrain::audit() const { return impl().streamer.audit(); }

bool Terrain::is_area_ready(const Aabb& area, Level level) const noexcept {
    for (const Vec3f corner : {area.min, area.max})
        if (check_position(corner, "the area")) return false;
    return impl().streamer.is_area_ready(area, level);
}

std::string Terrain::why_late(Vec3f position) const {
    if (const auto error = check_position(position, "the position")) return error->message;
    if (impl().is_reading()) return "the world is being loaded from its file";
    return impl().streamer.why_late(position);
}

std::vector<ChunkId> Terrain::shown_chunks() const { return impl().streamer.shown_chunks(); }

std::optional<ChunkId> Terrain::shown_chunk_at(Vec3f position) const noexcept {
    return impl().streamer.shown_chunk_at(position);
}

LoadUtilization Terrain::load_utilization() const {
    detail::LoadMeter::Reading reading = impl().streamer.load_meter().read();
    return {reading.queued, std::move(reading.busy)};
}

TerrainStats Terrain::stats() const { return impl().streamer.stats(); }

}  // namespace nebula::voxel

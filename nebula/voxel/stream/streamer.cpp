// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/streamer.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/stream/detail/audit.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <new>
#include <numeric>
#include <utility>

namespace nebula::voxel {

using detail::ChunkItem;
using detail::ChunkNode;
using detail::EditGroup;
using detail::kFaceNeighbours;
using detail::name_of;

namespace {

// Room for `count` more, without growing by little each time.
template <class T>
void reserve_more(std::vector<T>& list, std::size_t count) {
    if (list.capacity() - list.size() < count)
        list.reserve(std::max(list.size() + count, 2 * list.capacity()));
}

// Steps that are planned and not yet shown. Each is built while earlier ones are staged.
constexpr std::size_t kMostSteps = 4;

// While workers have this many chunks to build, a call of update() plans no longer than this.
constexpr std::size_t kEnoughItems = 200;
constexpr Clock::duration kPlanningSlice = std::chrono::microseconds(100);

// Bricks freed between two looks at the clock.
constexpr std::size_t kBricksPerSlice = 256;
// Chunks without a mesh that leave, between two looks at the clock.
constexpr std::size_t kFreeChunks = 64;

// A longer budget is the same as no limit, and adding this to a time does not overflow.
constexpr Clock::duration kLongestBudget = std::chrono::hours(1);

// The points that the strip on a face of a chunk reads, on the coarser level's lattice.
Box3i strip_reads(ChunkId chunk, int face) {
    const Vec3i origin = chunk.at * StripSamples::kCells;
    const Box3i box = StripSamples::box(face);
    return {box.min + origin, box.max + origin};
}

ChunkId chunk_at(Vec3f position, Level level) {
    const float size = voxel_size(level) * float{kChunkSize};
    const auto chunk = [size](float c) { return static_cast<std::int32_t>(std::floor(c / size)); };
    return {{chunk(position.x), chunk(position.y), chunk(position.z)}, level};
}

bool is_being_edited(const ChunkNode* node) {
    return node != nullptr && (node->in_edit_group || node->dirty);
}

bool has_face(std::uint8_t mask, unsigned face) { return (mask >> face & 1U) != 0; }

}  // namespace

Streamer::Streamer(World& world, WorkerPool& pool, const TerrainSettings& settings)
    : world_(world),
      pool_(pool),
      settings_(settings),
      tree_(std::make_unique<detail::ChunkTree>(0)),
      planner_(std::make_unique<detail::Planner>(*tree_)),
      loader_(pool, world.volume(), scratches_, *settings.surfaces) {}

Streamer::~Streamer() {
    for (const auto& step : steps_) step->abandoned.store(true, std::memory_order_relaxed);
}

// ---- Viewers ----

void Streamer::set_viewers(std::span<const Viewer> viewers) {
    viewers_set_ = true;
    if (viewers.size() != views_.size()) views_changed_ = true;
    // Whoever leaves makes the others change their places in the list.
    next_views_.clear();
    for (std::size_t i = 0; i < viewers.size(); ++i) {
        const detail::NestedBoxes* const known = view_of(viewers, i);
        if (known == nullptr) {
            next_views_.emplace_back(viewers[i]);
            views_changed_ = true;
            continue;
        }
        const Box3i before = known->box(0);
        detail::NestedBoxes& view = next_views_.emplace_back(*known);
        views_changed_ |= view.set(viewers[i]);
        // The steps that were planned for where it was would only delay what is needed now.
        replan_ |= intersection(before, view.box(0)).empty();
    }
    views_.swap(next_views_);
    if (!views_changed_) return;
    planner_->set_views(views_);
    views_changed_ = false;
    ++plans_;
    (void)plan_is_sound();
}

// What the viewer at this place of the list had before; null if it is new.
const detail::NestedBoxes* Streamer::view_of(std::span<const Viewer> viewers,
                                             std::size_t place) const {
    const std::uint64_t id = viewers[place].id;
    if (id == 0)
        return place < views_.size() && views_[place].viewer().id == 0 ? &views_[place] : nullptr;
    auto earlier =
        std::count_if(viewers.begin(), viewers.begin() + static_cast<std::ptrdiff_t>(place),
                      [id](const Viewer& viewer) { return viewer.id == id; });
    for (const detail::NestedBoxes& view : views_)
        if (view.viewer().id == id && earlier-- == 0) return &view;
    return nullptr;
}

// So that the tree does not grow, and stop for that, while it fills.
std::size_t Streamer::expected_chunks() const noexcept {
    std::size_t chunks = 0;
    for (const detail::NestedBoxes& view : views_)
        for (Level level = 0; level <= view.coarsest(); ++level) {
            const Vec3i size = view.box(level).max - view.box(level).min;
            chunks += static_cast<std::size_t>(size.x) * static_cast<std::size_t>(size.y) *
                      static_cast<std::size_t>(size.z);
        }
    return chunks;
}

// Steps that will never be shown. The tree, whose nodes name their items, must forget them next.
void Streamer::drop_steps() {
    std::size_t staged = 0;
    for (const auto& step : steps_)
        staged += static_cast<std::size_t>(
            std::count_if(step->items.begin(), step->items.end(),
                          [](const ChunkItem& item) { return item.mesh_staged; }));
    reserve_more(discards_, staged);
    reserve_more(abandoned_, steps_.size());
    // From here on nothing fails.
    for (auto& step : steps_) {
        step->abandoned.store(true, std::memory_order_relaxed);
        for (const ChunkItem& item : step->items) {
            if (item.mesh_staged) discards_.push_back(item.id);
            // Perhaps it was staged, and is stale since.
            if (item.built && !item.node->is_shown_leaf()) drop_bricks(item.id);
            (item.built ? built_ : unbuilt_) -= 1;
        }
        if (step->changes.empty())
            planner_->retry_failed();  // it may have built failed chunks anew
        waiting_bytes_ -= step->bytes;
        if (step->unbuilt > 0) abandoned_.push_back(std::move(step));  // workers have its jobs
    }
    steps_.clear();
    stale_ = nullptr;
    stale_count_ = 0;
}

Level Streamer::wanted_root_level() const noexcept {
    if (views_.empty()) return tree_->root_level();
    Level coarsest = 0;
    for (const detail::NestedBoxes& view : views_) coarsest = std::max(coarsest, view.coarsest());
    return coarsest;
}

// Whether the next step may be planned on top of the plan; makes it so if possible.
bool Streamer::plan_is_sound() {
    if (!replan_ && !may_move_roots()) return true;
    if (edit_group_ != nullptr) return !replan_;  // it may build for the steps
    replan_ = true;
    ++plans_;
    drop_steps();
    tree_->plan_what_is_shown();
    while (may_move_roots()) move_roots();
    planner_->start_over();
    replan_ = false;
    return true;
}

// Whether the next coarser or finer level can be the roots' now.
bool Streamer::may_move_roots() {
    const Level wanted = wanted_root_level();
    if (tree_->root_level() == wanted) return false;
    if (wanted < tree_->root_level()) return true;
    // Only a change of what is shown can make this a yes.
    if (may_not_raise_ == changes_) return false;
    // Beside a new root that appears there must be no chunk that is two levels finer. So around what is
    // split among the old roots there must be whole families, which is so at the latest when all roots
    // of the present level are shown: boxes consist of whole families, and contain a ring around what
    // is split.
    const std::vector<ChunkId> families = whole_families();
    bool may = true;
    tree_->for_each([&](const ChunkNode& node) {
        if (!may || !node.shown_split || node.id.level != tree_->root_level()) return;
        for (std::int32_t z = -1; z <= 1; ++z)
            for (std::int32_t y = -1; y <= 1; ++y)
                for (std::int32_t x = -1; x <= 1; ++x)
                    may = may && std::binary_search(families.begin(), families.end(),
                                                    (node.id + Vec3i{x, y, z}).parent());
    });
    if (!may) may_not_raise_ = changes_;
    return may;
}

// The parents of roots whose eight children are all shown; sorted.
std::vector<ChunkId> Streamer::whole_families() const {
    std::vector<ChunkId> parents;
    tree_->for_each([&](const ChunkNode& node) {
        if (node.shown && node.id.level == tree_->root_level()) parents.push_back(node.id.parent());
    });
    std::sort(parents.begin(), parents.end());
    std::size_t count = 0;
    for (std::size_t i = 0; i + 7 < parents.size(); ++i)
        if (parents[i] == parents[i + 7]) parents[count++] = parents[i];
    parents.resize(count);
    return parents;
}

// One level up: eight roots become the children of one. One level down: the children of roots become
// roots. Nothing changes on the screen, but for roots that have no place in that: they leave.
void Streamer::move_roots() {
    const Level before = tree_->root_level();
    const bool up = before < wanted_root_level();
    reserve_more(leaving_, tree_->size());
    std::vector<ChunkNode*> roots;
    tree_->for_each([&](ChunkNode& node) {
        if (node.shown && node.id.level == before) roots.push_back(&node);
    });
    if (up)
        for (const ChunkId parent : whole_families()) tree_->add(parent);
    // From here on nothing fails, and what is shown is whole again when all roots are done.
    for (ChunkNode* const root : roots) {
        ChunkNode* const parent = up ? tree_->find(root->id.parent()) : nullptr;
        if (parent != nullptr)
            parent->shown = parent->shown_split = true;
        else if (!up && root->shown_split)
            root->shown = root->shown_split = false;
        else
            leave(*root);
    }
    tree_->set_root_level(up ? before + 1 : before - 1);
    ++changes_;
    tree_->plan_what_is_shown();
    tree_->reserve(expected_chunks());
}

// ---- Planning ----

void Streamer::update() {
    const Clock::time_point start = settings_.now();
    const Clock::time_point deadline = start + std::min(settings_.update_budget, kLongestBudget);
    receive();
    plan(start, deadline);
    loader_.start_runners();
    if (pool_.thread_count() == 0) loader_.run_here(deadline, settings_.now, settings_.pick_job);
    counters_.last_update = settings_.now() - start;
}

void Streamer::plan(Clock::time_point start, Clock::time_point deadline) {
    if (!plan_is_sound()) return;
    while (steps_.size() < kMostSteps && waiting_bytes_ < settings_.most_waiting_bytes) {
        // If the next lines fail, the plan may have changes that no step makes.
        replan_ = true;
        plans_ += planner_->is_done() ? 0U : 1U;
        std::unique_ptr<Group> step = planner_->next();
        const bool is_done = step == nullptr;
        if (!is_done) begin_step(std::move(step));
        replan_ = false;
        if (is_done) return;
        const Clock::time_point now = settings_.now();
        if (now >= deadline) return;
        if (loader_.queued() >= kEnoughItems && now - start >= kPlanningSlice) return;
    }
}

void Streamer::begin_step(std::unique_ptr<Group> step) {
    const std::uint64_t version = world_.volume().version();
    std::vector<ChunkItem>& items = step->items;
    for (std::uint32_t i = 0; i < items.size(); ++i) {
        const ChunkItem& item = items[i];
        // The children of one parent stand together, and make one job.
        const bool joins = !step->jobs.empty() && step->jobs.back().count < 8 &&
                           items[step->jobs.back().first].id.level == item.id.level &&
                           items[step->jobs.back().first].id.parent() == item.id.parent() &&
                           item.id.level < tree_->root_level();
        if (joins)
            ++step->jobs.back().count;
        else
            step->jobs.push_back({.group = step.get(), .first = i, .count = 1});
    }
    step->unbuilt = items.size();
    steps_.push_back(std::move(step));
    try {
        loader_.add(*steps_.back());
    } catch (...) {
        steps_.pop_back();
        throw;
    }
    // From here on nothing fails.
    unbuilt_ += items.size();
    for (ChunkItem& item : items) {
        item.group = steps_.back().get();
        item.older = std::exchange(item.node->newest_item, &item);
        // Edits are not noted for chunks outside the tree.
        if (!item.node->shown && item.older == nullptr) item.node->required_version = version;
    }
}

void Streamer::receive() {
    const auto receive_job = [this](detail::BuildJob& job) {
        Group& step = *job.group;
        step.unbuilt -= job.count;
        if (step.abandoned.load(std::memory_order_relaxed)) {
            if (step.unbuilt == 0)
                std::erase_if(abandoned_, [&](const auto& group) { return group.get() == &step; });
            return;
        }
        counters_.meshed += job.count;
        unbuilt_ -= job.count;
        built_ += job.count;
        step.bytes += job.bytes;
        waiting_bytes_ += job.bytes;
        for (std::uint32_t i = job.first; i < job.first + job.count; ++i) {
            ChunkItem& item = step.items[i];
            item.built = true;
            if (item.version < item.node->required_version) mark_stale(item);
        }
    };
    while (loader_.receive(receive_job)) {
    }
}

std::size_t Streamer::retry_failed() {
    if (failed_ > 0) planner_->retry_failed();
    return failed_;
}

// ---- Commits ----

CommitReport Streamer::commit(CommitSink& sink, Clock::duration budget) {
    CommitReport report;
    const Clock::time_point start = settings_.now();
    receive();
    // No margin: a mesh that takes a little longer than the mean overruns the budget a little.
    FrameBudget frame(start + std::min(budget, kLongestBudget), {.margin_deviations = 0});
    discard_abandoned(sink);
    remove_leaving(sink, frame.deadline(), report);
    commit_steps(sink, frame, report);
    while (world_.volume().collect(kBricksPerSlice) == kBricksPerSlice &&
           settings_.now() < frame.deadline()) {
    }
    if (steps_.empty()) loader_.free_retired();
    loader_.start_runners();
    report.waiting = built_;
    report.spent = settings_.now() - start;
    counters_.last_commit = report.spent;
    spent_on_steps_ += report.spent;
    return report;
}

// Before anything else is staged, which may be for the same chunk.
void Streamer::discard_abandoned(CommitSink& sink) noexcept {
    for (const ChunkId chunk : discards_) sink.discard(chunk);
    discards_.clear();
}

void Streamer::remove_leaving(CommitSink& sink, Clock::time_point deadline,
                              CommitReport& report) noexcept {
    for (std::size_t n = 1; !leaving_.empty(); ++n) {
        const Leaving chunk = leaving_.back();
        leaving_.pop_back();
        drop_bricks(chunk.id);
        if (chunk.has_mesh) {
            sink.remove(chunk.id);
            --shown_meshes_;
            ++report.removed;
        }
        if ((chunk.has_mesh || n % kFreeChunks == 0) && settings_.now() >= deadline) return;
    }
}

void Streamer::commit_steps(CommitSink& sink, FrameBudget& frame, CommitReport& report) {
    while (!steps_.empty()) {
        Group& step = *steps_.front();
        if (!stage(step, sink, frame, report)) return;
        if (!step.is_built() || !may_show(step)) return;
        const Clock::time_point before = settings_.now();
        const auto items = static_cast<std::int64_t>(std::max<std::size_t>(step.items.size(), 1));
        if (!frame.try_start(before, CostEstimate(show_cost_.expected() * items))) return;
        show(step, sink, report);
        show_cost_.add_clipped((settings_.now() - before) / items);
        retire_first_step();
        if (settings_.now() >= frame.deadline()) return;
    }
}

void Streamer::retire_first_step() noexcept {
    std::unique_ptr<Group> shown = std::move(steps_.front());
    steps_.pop_front();
    loader_.retire(std::move(shown));
}

// Hands the built meshes to the sink; false if the budget ends before the last of them. A chunk that
// is being edited waits: its edit group stages a mesh for it, too, and the sink has one place for each.
bool Streamer::stage(Group& step, CommitSink& sink, FrameBudget& frame, CommitReport& report) {
    for (ChunkItem& item : step.items) {
        if (!item.built || item.stale || item.staged || is_being_edited(item.node)) continue;
        const Clock::time_point before = settings_.now();
        if (item.surface != nullptr && !frame.try_start(before, mesh_cost_)) return false;
        publish_bricks(item);  // before the sink takes what is in the surface: it may fail
        stage(item, sink, report);
        if (item.surface != nullptr) mesh_cost_.add_clipped(settings_.now() - before);
    }
    return true;
}

void Streamer::stage(ChunkItem& item, CommitSink& sink, CommitReport& report) noexcept {
    item.staged = true;
    if (item.surface != nullptr) {
        counters_.triangles += item.surface->triangle_count();
        sink.stage(item.id, *item.surface);
        ++report.committed;
        item.mesh_staged = true;
    } else if (std::exchange(item.mesh_staged, false)) {
        sink.discard(item.id);
    }
}

// Ahead of the chunk that shows them: what the generator says is true anyway.
void Streamer::publish_bricks(ChunkItem& item) {
    if (item.bricks == nullptr) return;
    for (int i = 0; i < kOwnBricks; ++i)
        if (auto& brick = (*item.bricks)[static_cast<std::size_t>(i)]; brick != nullptr)
            world_.volume().publish_generated(own_brick(item.id, i), std::move(brick));
}

void Streamer::drop_bricks(ChunkId chunk) noexcept {
    for (int i = 0; i < kOwnBricks; ++i) world_.volume().drop_generated(own_brick(chunk, i));
}

bool Streamer::may_show(const Group& step) const noexcept {
    // A root may come back before the sink has removed what it showed.
    if (!leaving_.empty())
        for (const Group::Change& change : step.changes)
            if (change.kind == Group::Change::Kind::Appear) return false;
    // An edit group shows its chunks together: none of them may change before, and no step may show
    // the edit at another one, whether the group has yet to begin or is late.
    if (!edits_pending()) return true;
    for (const ChunkItem& item : step.items)
        if (item.node->required_version > shown_version_ || is_being_edited(item.node))
            return false;
    for (const Group::Change& change : step.changes) {
        if (is_being_edited(tree_->find(change.id))) return false;
        if (change.kind != Group::Change::Kind::Merge) continue;
        for (int i = 0; i < 8; ++i)
            if (is_being_edited(tree_->find(change.id.child(i)))) return false;
    }
    return true;
}

void Streamer::show(Group& step, CommitSink& sink, CommitReport& report) {
    using Kind = Group::Change::Kind;
    if (std::any_of(step.changes.begin(), step.changes.end(),
                    [](const Group::Change& change) { return change.kind == Kind::Vanish; }))
        reserve_more(leaving_, tree_->size());
    // From here on nothing fails.
    for (const Group::Change& change : step.changes) {
        ChunkNode& node = *tree_->find(change.id);
        switch (change.kind) {
            case Kind::Appear:
                node.shown = true;
                ++leaves(node.id);
                break;
            case Kind::Split:
                node.shown_split = true;
                for (int i = 0; i < 8; ++i) tree_->find(change.id.child(i))->shown = true;
                --leaves(node.id);
                leaves(node.id.child(0)) += 8;
                hide(node, sink, report);
                break;
            case Kind::Merge:
                for (int i = 0; i < 8; ++i)
                    take_down(*tree_->find(change.id.child(i)), sink, report);
                node.shown_split = false;
                ++leaves(node.id);
                break;
            case Kind::Vanish:
                leave(node);
                break;
        }
    }
    for (ChunkItem& item : step.items) {
        ChunkNode& node = *item.node;
        unlink(item);
        // What became of the chunk since it was planned is in later steps.
        node.shown_mask = item.mask;
        set_failed(node, item.error.has_value());
        if (item.error) {
            ++report.failed;
            sink.failed(item.id, *item.error);
        } else if (item.mesh_staged) {
            shown_meshes_ += node.has_mesh ? 0 : 1;
            node.has_mesh = true;
            sink.show(item.id);
        } else {
            ++report.empty;
            if (node.has_mesh) hide(node, sink, report);
        }
    }
    ++changes_;
    built_ -= step.items.size();
    waiting_bytes_ -= step.bytes;
}

void Streamer::hide(ChunkNode& node, CommitSink& sink, CommitReport& report) {
    if (std::exchange(node.has_mesh, false)) {
        --shown_meshes_;
        ++report.removed;
        sink.remove(node.id);
    }
    set_failed(node, false);
    if (node.is_shown_leaf()) return;
    drop_bricks(node.id);
}

void Streamer::take_down(ChunkNode& node, CommitSink& sink, CommitReport& report) {
    if (std::exchange(node.shown_split, false)) {
        for (int i = 0; i < 8; ++i) take_down(*tree_->find(node.id.child(i)), sink, report);
    } else {
        --leaves(node.id);
    }
    node.shown = false;
    hide(node, sink, report);
    tree_->erase_if_unused(node);
}

// With everything in it, and without a word to the sink: remove_leaving() does that in slices.
void Streamer::leave(ChunkNode& node) {
    if (node.shown_split)
        for (int i = 0; i < 8; ++i) leave(*tree_->find(node.id.child(i)));
    else
        --leaves(node.id);
    set_failed(node, false);
    leaving_.push_back({node.id, node.has_mesh});
    node.has_mesh = false;
    node.shown = false;
    node.shown_split = false;
    tree_->erase_if_unused(node);
}

void Streamer::unlink(ChunkItem& item) noexcept {
    ChunkItem** link = &item.node->newest_item;
    while (*link != &item) link = &(*link)->older;
    *link = item.older;
}

void Streamer::set_failed(ChunkNode& node, bool failed) noexcept {
    if (std::exchange(node.failed, failed) != failed) failed ? ++failed_ : --failed_;
}

// ---- Edits ----

void Streamer::prepare_for(const EditReport& edit) {
    marks_.clear();
    for (const ChunkId chunk : edit.chunks) {
        if (ChunkNode* node = tree_->find(chunk); node != nullptr) marks_.push_back(node);
        if (chunk.level > 0 && chunk.level <= tree_->root_level()) list_strips_beside(chunk, edit);
    }
    reserve_more(dirty_, marks_.size());
}

void Streamer::note_edit() noexcept {
    if (new_edits_++ == 0) first_edit_ = settings_.now();
    for (ChunkNode* const node : marks_) mark(*node);
    marks_.clear();
}

void Streamer::mark(ChunkNode& node) noexcept {
    node.required_version = world_.volume().version();
    for (ChunkItem* item = node.newest_item; item != nullptr; item = item->older)
        if (item->built) mark_stale(*item);
    if (node.is_shown_leaf() && !std::exchange(node.dirty, true)) dirty_.push_back(node.id);
}

void Streamer::mark_stale(ChunkItem& item) noexcept {
    if (std::exchange(item.stale, true)) return;
    item.staged = false;
    ++item.group->stale;
    ++counters_.stale;
    item.next_stale = std::exchange(stale_, &item);
    ++stale_count_;
}

// The finer chunks beside this one read its samples for their strips. Most edits are in the middle of
// a coarse chunk, where no strip reads: that is told first, because a look-up in the tree is a miss of
// the cache.
void Streamer::list_strips_beside(ChunkId chunk, const EditReport& edit) {
    const Box3i& changed = edit.reach[static_cast<std::size_t>(chunk.level)];
    for (unsigned face = 0; face < kFaceNeighbours.size(); ++face) {
        const unsigned facing = face ^ 1U;
        const auto reads_changed = [&](ChunkId finer) {
            return !intersection(changed, strip_reads(finer, static_cast<int>(facing))).empty();
        };
        const std::array<ChunkId, 4> children = detail::children_beside(chunk, face);
        if (std::none_of(children.begin(), children.end(), reads_changed)) continue;
        // Also where the neighbour is a leaf: a step may split it, and a later one merge it again.
        if (tree_->find(chunk + kFaceNeighbours[face]) == nullptr) continue;
        for (const ChunkId child : children) {
            if (!reads_changed(child)) continue;
            ChunkNode* finer = tree_->find(child);
            if (finer == nullptr) continue;
            bool reads = finer->is_shown_leaf() && has_face(finer->shown_mask, facing);
            for (const ChunkItem* item = finer->newest_item; item != nullptr; item = item->older)
                reads |= has_face(item->mask, facing);
            if (reads) marks_.push_back(finer);
        }
    }
}

EditCommit Streamer::commit_edits(CommitSink& sink, Clock::time_point deadline) {
    const Clock::time_point start = settings_.now();
    EditCommit report;
    receive();
    discard_abandoned(sink);
    // The group that an earlier call left unfinished, then one group of everything edited since.
    // Never a third: later edits belong to the next call. Otherwise code that digs in response to
    // a report would keep this call from ending.
    try {
        if (edit_group_ != nullptr && edit_group_->finish(deadline)) {
            commit_edit_group(sink, report);
            // Whoever digs in every frame, and so much that each group is late, leaves no other moment
            // for this.
            (void)plan_is_sound();
            discard_abandoned(sink);
        }
        if (edit_group_ == nullptr && edits_pending()) {
            begin_edit_group();
            edit_group_->start();
            if (edit_group_->finish(deadline)) commit_edit_group(sink, report);
        }
        if (edit_group_ == nullptr && !steps_.empty()) {
            // Whoever digs in every frame, before commit() is called, must not hold up the steps.
            const Clock::time_point now = settings_.now();
            const Clock::duration left =
                std::min(settings_.commit_budget, kLongestBudget) - spent_on_steps_;
            if (left > Clock::duration::zero()) {
                FrameBudget frame(std::min(deadline, now + left),
                                  {.at_least_one = false, .margin_deviations = 0});
                CommitReport steps;
                commit_steps(sink, frame, steps);
            }
        }
    } catch (const std::bad_alloc&) {  // the next call goes on where this one stopped
        new_edits_late_ |= new_edits_ > 0;
    }
    spent_on_steps_ = {};
    report.pending = (edit_group_ != nullptr ? edit_group_->shown : 0) + dirty_.size();
    if (edit_group_ != nullptr) edit_group_->late = true;
    report.same_frame = edit_group_ == nullptr && !new_edits_late_;
    for (const EditGroupReport& group : report.groups) report.same_frame &= group.same_frame;
    counters_.last_edit_commit = settings_.now() - start;
    return report;
}

void Streamer::begin_edit_group() {
    // Before the group's pin. What is on the screen is in memory, but for what it reads beyond its edge.
    for (const ChunkId chunk : dirty_)
        if (const ChunkNode* node = tree_->find(chunk); node != nullptr)
            world_.volume().prefetch(chunk, node->shown_mask);
    edit_group_ = std::make_unique<EditGroup>(pool_, world_.volume(), scratches_,
                                              *settings_.surfaces, dirty_.size() + stale_count_);
    // From here on nothing fails, so no chunk is forgotten.
    edit_group_->first_edit = first_edit_;
    edit_group_->edits = std::exchange(new_edits_, 0);
    edit_group_->late = std::exchange(new_edits_late_, false);
    for (const ChunkId chunk : dirty_) {
        ChunkNode* node = tree_->find(chunk);
        // Taken down since, or taken down and back again.
        if (node == nullptr || !std::exchange(node->dirty, false) || !node->is_shown_leaf())
            continue;
        node->in_edit_group = true;
        edit_group_->add(chunk, node->shown_mask, nullptr);
    }
    dirty_.clear();
    for (ChunkItem* item = std::exchange(stale_, nullptr); item != nullptr;
         item = std::exchange(item->next_stale, nullptr))
        edit_group_->add(item->id, item->mask, item);
    stale_count_ = 0;
}

void Streamer::commit_edit_group(CommitSink& sink, EditCommit& report) {
    // Of what the group has built anew, all may be edited since, and be shown all the same.
    reserve_more(dirty_, edit_group_->items().size());
    report.groups.reserve(report.groups.size() + 1);
    // From here on nothing fails.
    const std::unique_ptr<EditGroup> group = std::exchange(edit_group_, nullptr);
    shown_version_ = group->version();
    EditGroupReport done;
    done.edits = group->edits;
    done.same_frame = !group->late;
    for (EditGroup::Item& built : group->items()) {
        if (built.waiting != nullptr) {
            ChunkItem& item = *built.waiting;
            item.surface = std::move(built.surface);
            item.error = std::move(built.error);
            item.version = item.rebuilt = group->version();
            item.stale = false;
            --item.group->stale;
            continue;
        }
        ChunkNode* node = tree_->find(built.sources.bricks.chunk);
        if (node == nullptr || !std::exchange(node->in_edit_group, false)) continue;
        if (!node->is_shown_leaf()) continue;
        ++counters_.remeshed;
        set_failed(*node, built.error.has_value());
        if (built.error) {
            ++done.failed;
            sink.failed(node->id, *built.error);
            continue;
        }
        ++done.chunks;
        stage_and_show(*node, built.surface.get(), sink);
    }
    if (group->late) show_as_of(*group, sink);
    for (const EditGroup::Item& built : group->items())
        if (built.waiting != nullptr &&
            built.waiting->version < built.waiting->node->required_version)
            mark_stale(*built.waiting);
    if (done.edits == 0 && done.chunks == 0 && done.failed == 0) return;
    done.since_first_edit = settings_.now() - group->first_edit;
    report.edits += done.edits;
    report.chunks += done.chunks;
    report.failed += done.failed;
    report.since_first_edit = std::max(report.since_first_edit, done.since_first_edit);
    report.groups.push_back(done);
}

// Shows the first step if it can be shown as the world was when the group began. A group that is late
// is followed by edits which make its builds stale at once: without this, somebody who digs in every
// frame, and so much that each group is late, would hold up the steps for ever.
void Streamer::show_as_of(EditGroup& group, CommitSink& sink) noexcept try {
    if (steps_.empty() || !leaving_.empty() || !steps_.front()->is_built()) return;
    Group& step = *steps_.front();
    const std::uint64_t version = group.version();
    for (const ChunkItem& item : step.items)
        // What a worker has built since may contain a part of a later edit.
        if (item.node->required_version > version && item.rebuilt != version) return;
    CommitReport report;
    for (ChunkItem& item : step.items) {
        if (item.staged) continue;
        publish_bricks(item);
        stage(item, sink, report);
    }
    show(step, sink, report);
    // From here on nothing fails.
    for (const ChunkItem& item : step.items) {
        ChunkNode& node = *item.node;
        if (node.required_version > version && node.is_shown_leaf() &&
            !std::exchange(node.dirty, true))
            dirty_.push_back(node.id);
    }
    for (EditGroup::Item& built : group.items())
        if (built.waiting != nullptr && built.waiting->group == &step) built.waiting = nullptr;
    retire_first_step();
} catch (const std::bad_alloc&) {  // it is shown later
}

void Streamer::stage_and_show(ChunkNode& node, Surface* surface, CommitSink& sink) {
    if (surface != nullptr) {
        // What a step has staged for the chunk is stale, and is replaced.
        for (ChunkItem* item = node.newest_item; item != nullptr; item = item->older)
            item->mesh_staged = false;
        counters_.triangles += surface->triangle_count();
        sink.stage(node.id, *surface);
        sink.show(node.id);
        shown_meshes_ += node.has_mesh ? 0 : 1;
        node.has_mesh = true;
    } else if (std::exchange(node.has_mesh, false)) {
        --shown_meshes_;
        sink.remove(node.id);
    }
}

// ---- Questions ----

tl::expected<ChunkMesh, VoxelError> Streamer::build_chunk(ChunkId chunk) {
    const ChunkNode* node = tree_->find(chunk);
    if (node == nullptr || !node->is_shown_leaf())
        return tl::unexpected(VoxelError{VoxelError::Kind::NotLoaded, "the chunk is not loaded"});
    ChunkSources sources = world_.volume().look_up(chunk, node->shown_mask);
    try {
        world_.volume().complete(sources);
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
    ChunkMesh mesh;
    if (auto done = voxel::build_chunk(
            scratches_, world_.volume().generator(), sources, settings_.surfaces->wants_materials(),
            [&](const MeshScratch& built, BlockContent) { mesh = built.mesh; });
        !done)
        return tl::unexpected(std::move(done.error()));
    return mesh;
}

bool Streamer::is_loaded() const noexcept {
    return viewers_set_ && !replan_ && tree_->root_level() == wanted_root_level() &&
           planner_->is_done() && steps_.empty() && leaving_.empty() && !edits_pending();
}

bool Streamer::is_area_ready(const Aabb& area, Level level) const noexcept {
    const Level root = tree_->root_level();
    const ChunkId first = chunk_at(area.min, root);
    const ChunkId last = chunk_at(area.max, root);
    for (std::int32_t z = first.at.z; z <= last.at.z; ++z)
        for (std::int32_t y = first.at.y; y <= last.at.y; ++y)
            for (std::int32_t x = first.at.x; x <= last.at.x; ++x)
                if (!is_ready({{x, y, z}, root}, area, level)) return false;
    return true;
}

// The part of the area in this chunk.
bool Streamer::is_ready(ChunkId chunk, const Aabb& area, Level level) const noexcept {
    const ChunkNode* node = tree_->find(chunk);
    if (node == nullptr || !node->shown) return false;
    if (!node->shown_split) return chunk.level <= level && !node->failed && !is_being_edited(node);
    for (int i = 0; i < 8; ++i) {
        const ChunkId child = chunk.child(i);
        const ChunkId first = chunk_at(area.min, child.level);
        const ChunkId last = chunk_at(area.max, child.level);
        const auto apart = [](std::int32_t c, std::int32_t low, std::int32_t high) {
            return c < low || c > high;
        };
        if (apart(child.at.x, first.at.x, last.at.x) || apart(child.at.y, first.at.y, last.at.y) ||
            apart(child.at.z, first.at.z, last.at.z))
            continue;
        if (!is_ready(child, area, level)) return false;
    }
    return true;
}

std::string Streamer::why_late(Vec3f position) const {
    if (views_.empty())
        return viewers_set_ ? "there is no viewer that needs meshes" : "no viewer has been set";
    Level wanted = tree_->root_level();
    if (!planner_->wants_root(chunk_at(position, wanted)))
        return wanted < wanted_root_level()
                   ? "what reaches so far is loaded when all that is nearer is shown"
                   : "no viewer asks for this place: it is beyond every view distance";
    while (wanted > 0 && planner_->wants_split(chunk_at(position, wanted))) --wanted;
    const std::optional<ChunkId> shown = shown_chunk_at(position);
    if (shown && shown->level == wanted) {
        const ChunkNode& node = *tree_->find(*shown);
        if (node.failed) return name_of(*shown) + " could not be built; retry_failed() tries again";
        if (node.dirty || node.in_edit_group) return "an edit is about to be shown";
        return {};
    }
    const std::string now = shown ? "shown by level " + std::to_string(shown->level) +
                                        " instead of level " + std::to_string(wanted) + ", because "
                                  : std::string("not shown yet, because ");
    // The first step that changes this place.
    for (std::size_t i = 0; i < steps_.size(); ++i)
        for (const Group::Change& change : steps_[i]->changes)
            if (chunk_at(position, change.id.level) == change.id)
                return now + why_late(*steps_[i], i);
    if (waiting_bytes_ >= settings_.most_waiting_bytes)
        return now +
               "finished chunks fill the memory they may take (most_waiting_bytes) until they "
               "are shown";
    if (steps_.size() >= kMostSteps)
        return now + "steps for places that are nearer or coarser come first";
    return now + "the next steps have yet to be planned";
}

std::string Streamer::why_late(const Group& step, std::size_t place) const {
    const std::string which = place == 0 ? "the next step" : "step " + std::to_string(place + 1);
    if (step.unbuilt > 0)
        return which + " waits for " + std::to_string(step.unbuilt) + " of " +
               std::to_string(step.items.size()) + " chunks to be built by the workers";
    if (step.stale > 0)
        return which + " waits for " + std::to_string(step.stale) +
               " chunks that were edited since they were built";
    if (place > 0) return which + " is built and waits for the one before it";
    if (!may_show(step))
        return which + (leaving_.empty() ? " waits for an edit to be shown"
                                         : " waits until what was shown before is taken down");
    return which + " is built, and its meshes go to the screen as the commit budget allows";
}

std::vector<ChunkId> Streamer::shown_chunks() const {
    std::vector<ChunkId> found;
    tree_->for_each([&](const ChunkNode& node) {
        if (node.is_shown_leaf()) found.push_back(node.id);
    });
    return found;
}

std::optional<ChunkId> Streamer::shown_chunk_at(Vec3f position) const noexcept {
    for (Level level = tree_->root_level(); level >= 0; --level) {
        const ChunkId id = chunk_at(position, level);
        const ChunkNode* node = tree_->find(id);
        if (node == nullptr || !node->shown) return std::nullopt;
        if (!node->shown_split) return id;
    }
    return std::nullopt;
}

std::string Streamer::audit() const {
    const std::uint64_t now = changes_ + plans_;
    if (std::exchange(audited_, now) != now) audit_ = audit_now();
    return audit_;
}

std::string Streamer::audit_now() const {
    std::string wrong = detail::audit(*tree_);
    if (!replan_) wrong += detail::missing_roots(*tree_, *planner_, steps_);
    std::size_t leaf_count = 0;
    std::size_t meshes = 0;
    for (const Leaving& chunk : leaving_) meshes += chunk.has_mesh ? 1 : 0;
    tree_->for_each([&](const ChunkNode& node) {
        meshes += node.has_mesh ? 1 : 0;
        leaf_count += node.is_shown_leaf() ? 1U : 0U;
    });
    if (leaf_count != std::accumulate(shown_leaves_.begin(), shown_leaves_.end(), std::size_t{0}))
        wrong += "the number of leaves is wrong; ";
    if (meshes != shown_meshes_) wrong += "the number of meshes is wrong; ";
    return wrong;
}

TerrainStats Streamer::stats() const {
    TerrainStats s = counters_;
    s.wanted = tree_->planned_leaves();
    s.levels = shown_leaves_;
    const std::size_t leaves =
        std::accumulate(shown_leaves_.begin(), shown_leaves_.end(), std::size_t{0});
    s.loaded = leaves - std::min(leaves, failed_);
    s.failed = failed_;
    s.queued = std::min(loader_.queued(), unbuilt_);
    s.in_flight = unbuilt_ - s.queued;
    s.waiting = built_;
    s.waiting_bytes = waiting_bytes_;
    s.steps = steps_.size();
    s.shown = shown_meshes_;
    const Volume& volume = world_.volume();
    s.edits = world_.edits();
    s.bricks = volume.brick_count();
    s.edited_bricks = volume.edited_count();
    s.brick_bytes = volume.bytes();
    return s;
}

}  // namespace nebula::voxel

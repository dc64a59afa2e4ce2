// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/world_store.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/blocking_region.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace nebula::voxel {

namespace {

// Bricks to encode, or rows, between two looks at what is urgent: about a millisecond.
constexpr std::size_t kRowsAtOnce = 64;
// How often a checkpoint gives way to those who read. Then it goes on to its end, or they could keep the WAL
// growing for ever.
constexpr int kMostStops = 256;

[[maybe_unused]] constexpr const char* kOffOwner =
    "only the thread that constructed a store may use it";

}  // namespace

/// A question on its way to the I/O thread and back. Everything it needs was allocated when it was
/// asked, so nothing can keep it from being answered.
class WorldStore::Request {
public:
    Request() = default;
    virtual ~Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    virtual void run(WorldStore& store) noexcept = 0;  ///< On the I/O thread.
    virtual void answer() = 0;                         ///< On the owner thread.
    /// On the I/O thread, after run(). Whether it has been answered, and answer() must not be called.
    virtual bool answer_here() noexcept { return false; }
};

template <class T, class Work>
class WorldStore::RequestOf final : public Request {
public:
    RequestOf(Answer<T> answer, Work work) : answer_(std::move(answer)), work_(std::move(work)) {}
    void run(WorldStore& store) noexcept override {
        try {
            result_ = work_(store);
        } catch (...) {
            result_ = tl::unexpected(error_of_current_exception());
        }
    }
    void answer() override {
        if (answer_) answer_(std::move(result_));
    }

private:
    Answer<T> answer_;
    Work work_;  // tl::expected<T, VoxelError>(WorldStore&)
    tl::expected<T, VoxelError> result_;
};

/// Of a thread that waits for it.
class WorldStore::Reading final : public Request {
public:
    /// Lives on that thread's stack.
    struct Outcome {
        Mutex mutex;
        std::condition_variable_any came;
        bool done NEBULA_GUARDED_BY(mutex) = false;
        std::vector<BrickPtr> bricks;
        VoxelError error;
        bool failed = false;
    };

    Reading(std::span<const BrickKey> keys, Outcome& outcome) : keys_(keys), outcome_(outcome) {}
    void run(WorldStore& store) noexcept override {
        try {
            if (store.file_ == nullptr) throw_error(store.why_closed_);
            outcome_.bricks.reserve(keys_.size());
            for (const BrickKey key : keys_) {
                auto brick = store.file_->read(key);
                if (!brick) return fail(std::move(brick.error()));
                outcome_.bricks.push_back(std::move(*brick));
            }
            store.damaged_.store(store.file_->damaged(), std::memory_order_relaxed);
        } catch (...) {
            fail(error_of_current_exception());
        }
    }
    void answer() override {}
    bool answer_here() noexcept override {
        // Under the lock to the end: then the outcome may go.
        const MutexLock lock(outcome_.mutex);
        outcome_.done = true;
        outcome_.came.notify_one();
        return true;
    }

private:
    [[noreturn]] static void throw_error(const VoxelError& error) {
        throw std::runtime_error(error.message);
    }
    void fail(VoxelError error) noexcept {
        outcome_.error = std::move(error);
        outcome_.failed = true;
    }
    const std::span<const BrickKey> keys_;
    Outcome& outcome_;
};

std::vector<BrickPtr> WorldStore::read_now(std::span<const BrickKey> keys) {
    Reading::Outcome outcome;
    Requests request;
    request.push_back(std::make_unique<Reading>(keys, outcome));
    const Request* const mine = request.front().get();
    {
        const MutexLock lock(mutex_);
        add_urgent(request);
    }
    try {
        io_.spawn([this] { run_next(); }, "world file");
    } catch (...) {
        // It may have been taken by a job that was spawned before. Then it will be answered.
        const MutexLock lock(mutex_);
        if (urgent_.remove_if([mine](const auto& r) { return r.get() == mine; }) > 0) throw;
    }
    {
        const BlockingRegion waiting;
        const MutexLock lock(outcome.mutex);
        while (!outcome.done) outcome.came.wait(outcome.mutex);
    }
    if (outcome.failed) throw std::runtime_error(outcome.error.message);
    return std::move(outcome.bricks);
}

WorldStore::WorldStore(std::string path, WorldFileSettings settings)
    : path_(std::move(path)),
      settings_(std::move(settings)),
      io_({.most_threads = 1, .name_prefix = "nebula-store"}) {
    why_closed_ = {VoxelError::Kind::NotLoaded, '"' + path_ + "\" has not been opened"};
}

WorldStore::~WorldStore() {
    io_.close();
    NEBULA_ASSERT(owner_.is_current(), kOffOwner);
}

template <class T, class Work>
void WorldStore::ask(bool urgent, Answer<T> answer, Work work) {
    NEBULA_ASSERT(owner_.is_current(), kOffOwner);
    Requests request;
    request.push_back(std::make_unique<RequestOf<T, Work>>(std::move(answer), std::move(work)));
    const Request* const mine = request.front().get();
    {
        const MutexLock lock(mutex_);
        if (urgent)
            add_urgent(request);
        else
            waiting_.splice(waiting_.end(), request);
    }
    ++pending_;
    try {
        io_.spawn([this] { run_next(); }, "world file");
    } catch (...) {
        // It may have been taken by a job that was spawned before. Then it will be answered.
        const MutexLock lock(mutex_);
        const auto is_mine = [mine](const auto& r) { return r.get() == mine; };
        if (urgent_.remove_if(is_mine) + waiting_.remove_if(is_mine) == 0) return;
        --pending_;
        throw;
    }
}

WorldStore::Requests WorldStore::take(bool only_urgent) noexcept {
    Requests taken;
    const MutexLock lock(mutex_);
    Requests& queue = !urgent_.empty() || only_urgent ? urgent_ : waiting_;
    if (!queue.empty()) taken.splice(taken.end(), queue, queue.begin());
    return taken;
}

void WorldStore::finish(Requests request) noexcept {
    if (request.front()->answer_here()) return;
    const MutexLock lock(mutex_);
    finished_.splice(finished_.end(), request);
    answered_.notify_one();
}

void WorldStore::serve_urgent() noexcept {
    for (Requests urgent = take(true); !urgent.empty(); urgent = take(true)) {
        urgent.front()->run(*this);
        finish(std::move(urgent));
    }
}

void WorldStore::run_next() noexcept {
    Requests next = take(false);
    if (next.empty()) return;  // a save has served it
    next.front()->run(*this);
    finish(std::move(next));
    // After the answer: nobody waits for it.
    if (file_ != nullptr) move_pages();
}

void WorldStore::add_urgent(Requests& request) noexcept {
    urgent_.splice(urgent_.end(), request);
    // Under the lock: what the I/O thread does after it must not be stopped.
    if (may_stop_) file_->stop_checkpoint();
}

void WorldStore::move_pages() noexcept {
    {
        const MutexLock lock(mutex_);
        may_stop_ = stops_ < kMostStops;
        if (may_stop_ && !urgent_.empty()) {  // whoever serves them comes back
            may_stop_ = false;
            ++stops_;
            return;
        }
    }
    const bool whole = file_->checkpoint();
    const MutexLock lock(mutex_);
    may_stop_ = false;
    stops_ = whole ? 0 : stops_ + 1;
}

std::size_t WorldStore::receive() {
    NEBULA_ASSERT(owner_.is_current(), kOffOwner);
    std::size_t count = 0;
    for (;; ++count) {
        Requests next;
        {
            const MutexLock lock(mutex_);
            if (finished_.empty()) return count;
            next.splice(next.end(), finished_, finished_.begin());
        }
        --pending_;
        next.front()->answer();
    }
}

void WorldStore::wait() {
    while (pending_ > 0) {
        receive();
        if (pending_ == 0) return;
        const MutexLock lock(mutex_);
        while (finished_.empty()) answered_.wait(mutex_);
    }
}

void WorldStore::open(Answer<WorldFileReport> answer) {
    // Found on the I/O thread, and received on this one.
    auto keys = std::make_shared<BrickKeys>();
    ask<WorldFileReport>(
        false,
        [this, keys,
         answer = std::move(answer)](tl::expected<WorldFileReport, VoxelError>&& report) mutable {
            keys_ = std::move(*keys);
            if (answer) answer(std::move(report));
        },
        [keys](WorldStore& store) -> tl::expected<WorldFileReport, VoxelError> {
            auto file = WorldFile::open(store.path_, store.settings_);
            if (!file) {
                store.why_closed_ = file.error();
                return tl::unexpected(std::move(file.error()));
            }
            store.file_ = std::move(*file);
            *keys = store.file_->keys();
            return store.file_->report();
        });
}

void WorldStore::save(Volume::Unsaved unsaved, std::vector<StoredOperation> operations,
                      Answer<SaveReport> answer) {
    auto keys = std::make_shared<BrickKeys>();  // found on the I/O thread, as with open
    ask<SaveReport>(
        false,
        [this, keys,
         answer = std::move(answer)](tl::expected<SaveReport, VoxelError>&& report) mutable {
            if (report) keys_ = std::move(*keys);
            if (answer) answer(std::move(report));
        },
        [keys, unsaved = std::move(unsaved),
         operations = std::move(operations)](WorldStore& store) mutable {
            auto done = store.save_now(unsaved, operations, *keys);
            unsaved.pin.reset();  // also after an error
            return done;
        });
}

WorldStore::Packed WorldStore::pack(Volume::Unsaved& unsaved) {
    Packed packed;
    packed.bricks.reserve(unsaved.bricks.size());
    std::size_t done = 0;
    for (const Volume::UnsavedBrick& brick : unsaved.bricks) {
        const auto key = key_of(brick.id);
        NEBULA_ASSERT(key, "a brick beyond the world's limit");
        if (!key) continue;
        if (brick.samples == nullptr)
            packed.pristine.push_back(*key);
        else
            file_->pack(*key, *brick.samples, packed.bricks.emplace_back());
        if (++done % kRowsAtOnce == 0) serve_urgent();
    }
    unsaved.pin.reset();  // before the disk, which may be slow
    // In the order of the rows.
    std::ranges::sort(packed.bricks, {}, [](const PackedBrick& brick) {
        return static_cast<std::int64_t>(brick.key);
    });
    return packed;
}

tl::expected<SaveReport, VoxelError> WorldStore::save_now(
    Volume::Unsaved& unsaved, const std::vector<StoredOperation>& operations, BrickKeys& keys) {
    if (file_ == nullptr) return tl::unexpected(why_closed_);
    const Packed packed = pack(unsaved);
    // As they will be. Now, because once the save is durable, nothing may fail any more.
    keys = file_->keys();
    SaveReport report;
    std::vector<BrickKey> pristine;  // the file must not bring them back
    for (const BrickKey key : packed.pristine) {
        if (keys.contains(key)) pristine.push_back(key);
        keys.erase(key);
    }
    for (const PackedBrick& brick : packed.bricks) {
        keys.insert(brick.key);
        report.bytes += brick.bytes.size();
    }
    report.bricks = packed.bricks.size();
    if (auto done = file_->begin(); !done) return tl::unexpected(std::move(done.error()));
    for (std::size_t i = 0; i < packed.bricks.size(); i += kRowsAtOnce) {
        const std::size_t count = std::min(kRowsAtOnce, packed.bricks.size() - i);
        if (auto done = file_->write(std::span(packed.bricks).subspan(i, count)); !done)
            return tl::unexpected(std::move(done.error()));
        serve_urgent();
    }
    // After the urgent reads: for those, the file still has them.
    if (auto done = file_->erase(pristine); !done) return tl::unexpected(std::move(done.error()));
    if (auto done = file_->write(operations); !done) return tl::unexpected(std::move(done.error()));
    if (auto done = file_->commit(); !done) return tl::unexpected(std::move(done.error()));
    return report;
}

void WorldStore::fetch(std::vector<BrickKey> keys, Answer<std::vector<FetchedBrick>> answer) {
    ask<std::vector<FetchedBrick>>(true, std::move(answer),
                                   [keys = std::move(keys)](WorldStore& store)
                                       -> tl::expected<std::vector<FetchedBrick>, VoxelError> {
                                       if (store.file_ == nullptr)
                                           return tl::unexpected(store.why_closed_);
                                       std::vector<FetchedBrick> bricks;
                                       bricks.reserve(keys.size());
                                       for (const BrickKey key : keys) {
                                           if (!store.file_->keys().contains(key)) continue;
                                           auto brick = store.file_->read(key);
                                           if (!brick)
                                               return tl::unexpected(std::move(brick.error()));
                                           bricks.push_back({key, std::move(*brick)});
                                       }
                                       return bricks;
                                   });
}

void WorldStore::fetch_operations(std::uint64_t after, std::size_t most,
                                  Answer<std::vector<StoredOperation>> answer) {
    ask<std::vector<StoredOperation>>(
        false, std::move(answer),
        [after, most](WorldStore& store) -> tl::expected<std::vector<StoredOperation>, VoxelError> {
            if (store.file_ == nullptr) return tl::unexpected(store.why_closed_);
            return store.file_->read_operations(after, most);
        });
}

void WorldStore::export_to(std::string path, Box3i voxels, bool with_operations,
                           Volume::Unsaved unsaved, Answer<std::size_t> answer) {
    ask<std::size_t>(
        false, std::move(answer),
        [path = std::move(path), voxels, with_operations, unsaved = std::move(unsaved)](
            WorldStore& store) mutable -> tl::expected<std::size_t, VoxelError> {
            if (store.file_ == nullptr) return tl::unexpected(store.why_closed_);
            const Packed packed = store.pack(unsaved);
            return store.file_->export_to(path, voxels, with_operations,
                                          {packed.bricks, packed.pristine},
                                          [&store] { store.serve_urgent(); });
        });
}

}  // namespace nebula::voxel

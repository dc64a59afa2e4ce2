// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/group_state.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/pool_core.hpp"

#include <utility>

namespace nebula::detail {
namespace {

// Its address identifies the thread.
constinit thread_local char this_thread = 0;

// Whether no thread claims from it or runs a task of it any more. Under the lock of its group.
bool is_spent(const TaskChunk& chunk) noexcept {
    return chunk.users == 0 && chunk.range.exhausted(chunk.capacity);
}

}  // namespace

// ---- life

GroupState::~GroupState() {
    const MutexLock lock(mutex_);
    for (TaskChunk* chunk = oldest_; chunk != nullptr;)
        pool_.free_lists().free(std::exchange(chunk, chunk->newer));
}

void GroupState::open(Band band, std::uint32_t max_helpers, bool owner_helps) noexcept {
    // Nobody else knows it yet, so all is relaxed, and the lock is only for the static analysis.
    band_ = band;
    cancel_on_error_ = false;
    owner_ = &this_thread;
    references_.store(1, std::memory_order_relaxed);
    spawned_here_.store(0, std::memory_order_relaxed);
    spawned_elsewhere_.store(0, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_relaxed);
    cancelled_.store(false, std::memory_order_relaxed);
    owner_is_wanted_.store(false, std::memory_order_relaxed);
    owner_helps_ = owner_helps;
    tickets_.reset(max_helpers, owner_helps ? 1 : 0);
    const MutexLock lock(mutex_);
    error_ = {};
    shared_ = {};
    for_owner_ = {};
    // One of the chunks of the last life is kept.
    TaskChunk* chunk = std::exchange(oldest_, nullptr);
    newest_ = nullptr;
    while (chunk != nullptr) {
        TaskChunk* const next = chunk->newer;
        if (chunk != open_) pool_.free_lists().free(chunk);
        chunk = next;
    }
    if (open_ != nullptr) {
        append(*open_);
        open_->reset();
        open_tasks_ = 0;
    } else {
        open_tasks_ = kChunkTasks;  // the first spawn takes a chunk
    }
}

void GroupState::retain() noexcept {
    // Relaxed: the caller holds a reference, so the count cannot reach zero meanwhile.
    references_.fetch_add(1, std::memory_order_relaxed);
}

void GroupState::release() noexcept {
    // acq_rel: each release pairs with the last one, after which the state may be reused.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) pool_.free_lists().free(this);
}

// ---- spawning

bool GroupState::is_owner_thread() const noexcept { return owner_ == &this_thread; }

void GroupState::open_chunk() {
    {
        const MutexLock lock(mutex_);
        // Nobody claims from the full chunk or runs a task of it any more, so it is reused.
        if (open_ != nullptr && is_spent(*open_)) {
            open_->reset();
            open_tasks_ = 0;
            return;
        }
    }
    TaskChunk* const chunk = pool_.free_lists().take_chunk();
    TaskChunk* full = nullptr;
    {
        const MutexLock lock(mutex_);
        full = std::exchange(open_, chunk);
        open_tasks_ = 0;
        append(*chunk);
        // It has ended since we looked, and was left to us because it was the open chunk.
        if (full != nullptr && is_spent(*full))
            unlink(*full);
        else
            full = nullptr;
    }
    recycle(full);
}

void GroupState::spawn_elsewhere(TaskSlot& task, bool for_owner) {
    home_.require();  // before the lock, which a thread of the parent may hold for ever
    TaskChunk* spare = nullptr;
    bool wake = false;
    for (;;) {
        {
            const MutexLock lock(mutex_);
            SharedChunk& open = for_owner ? for_owner_ : shared_;
            if (open.chunk == nullptr && spare != nullptr) {
                spare->for_owner = for_owner;
                append(*spare);
                open = {std::exchange(spare, nullptr), 0};
            }
            if (open.chunk != nullptr) {
                task.move_to(open.chunk->slots[open.tasks]);
                wake = publish_elsewhere(*open.chunk, ++open.tasks, 1);
                // Relaxed: see owner_is_wanted().
                if (for_owner) owner_is_wanted_.store(true, std::memory_order_relaxed);
                if (open.tasks == kChunkTasks) open = {};
                break;
            }
        }
        spare = pool_.free_lists().take_chunk();  // may throw: nothing is queued yet
    }
    if (spare != nullptr) pool_.free_lists().free(spare);
    NEBULA_YIELD_POINT();
    if (wake) latch_.wake();
    if (!for_owner && tickets_.wanted()) call_helper();
}

void GroupState::spawn_batch(TaskSlot& closure, TaskChunk::BatchCall call, std::size_t begin,
                             std::uint32_t count) {
    home_.require();
    TaskChunk* const chunk = pool_.free_lists().take_chunk();
    chunk->capacity = count;
    chunk->batch_call = call;
    chunk->batch_begin = begin;
    closure.move_to(chunk->slots[0]);
    bool wake = false;
    {
        const MutexLock lock(mutex_);
        append(*chunk);
        wake = publish_elsewhere(*chunk, count, count);
    }
    NEBULA_YIELD_POINT();
    if (wake) latch_.wake();
    if (tickets_.wanted()) call_helper();
}

void GroupState::call_helper() noexcept {
    if (!tickets_.take()) return;
    retain();
    if (pool_.publish_ticket(*this)) return;
    return_ticket();  // there is no memory for it, so the owner runs the remaining tasks
}

void GroupState::return_ticket() noexcept {
    tickets_.drop();
    release();
}

// ---- running

void GroupState::run_task(GroupTurn& turn, std::uint32_t number) noexcept {
    TaskChunk& chunk = *turn.chunk;
    ++turn.ran;
    if (chunk.batch_call != nullptr) {
        if (cancelled()) [[unlikely]] {
            // Not one by one: a loop over billions of numbers may be cancelled at the first one.
            const std::uint32_t rest = chunk.range.claim_rest();
            turn.ran += rest;
            turn.dropped += 1 + rest;
            return;
        }
        TaskSlot& closure = chunk.slots[0];
        TaskError error = pool_.run_guarded(
            closure.name(), [&] { chunk.batch_call(closure, chunk.batch_begin + number); });
        if (error.exception != nullptr) [[unlikely]]
            fail(std::move(error));
        return;
    }
    TaskSlot& task = chunk.slots[number];
    if (cancelled()) [[unlikely]] {
        ++turn.dropped;
        task.drop();
        return;
    }
    TaskError error = pool_.run_guarded(task.name(), [&] { task.run(); });
    if (error.exception != nullptr) [[unlikely]]
        fail(std::move(error));
}

void GroupState::fail(TaskError&& error) noexcept {
    if (cancel_on_error_) cancel();
    const MutexLock lock(mutex_);
    if (error_.exception == nullptr) error_ = std::move(error);
}

void GroupState::end_batch(GroupTurn& last) noexcept {
    if (last.chunk == nullptr || last.chunk->batch_call == nullptr) return;
    TaskChunk& chunk = *last.chunk;
    {
        const MutexLock lock(mutex_);
        if (last.ran > last.dropped) chunk.called = true;
        chunk.held_back += std::exchange(last.ran, 0);
        if (chunk.users > 1 || !chunk.range.exhausted(chunk.capacity)) {
            --chunk.users;
            last = {};
            return;
        }
        last.ran = chunk.held_back;
    }
    // We are the last thread here, and nobody will come any more, because nothing is left to claim.
    // The closure is destroyed before its calls are reported as ended, and not under our lock,
    // because its destructor is user code.
    TaskSlot& closure = chunk.slots[0];
    if (!chunk.called) return closure.drop();
    // Not run_guarded(): a trace shows the calls, and this is none.
    const auto end = [&] { closure.end(); };
    TaskError error = PoolCore::run_caught(closure.name(), end);
    if (error.exception != nullptr) [[unlikely]]
        fail(std::move(error));
}

// Ends a turn, does the next step under the same lock, and the rest after unlocking.
template <class Next>
void GroupState::end_turn_and(GroupTurn& last, Next&& next) noexcept {
    end_batch(last);
    Ended ended;
    {
        const MutexLock lock(mutex_);
        ended = end_turn(last);
        next();
    }
    settle(ended);
}

GroupTurn GroupState::next_turn(GroupTurn last) noexcept {
    GroupTurn next;
    end_turn_and(last, [&]() NEBULA_REQUIRES(mutex_) { next.chunk = pick(false); });
    return next;
}

bool GroupState::leave(GroupTurn last) noexcept {
    bool stay = false;
    end_turn_and(last, [&]() NEBULA_REQUIRES(mutex_) {
        tickets_.drop();
        // A spawner that counted on us, and so called nobody, has published before we look here.
        stay = has_tasks() && tickets_.take();
    });
    return stay;
}

bool GroupState::pause(GroupTurn last) noexcept {
    bool tasks_left = false;
    end_turn_and(last, [&]() NEBULA_REQUIRES(mutex_) { tasks_left = has_tasks(); });
    return tasks_left;
}

void GroupState::step_aside() noexcept {
    bool tasks_left = false;
    {
        const MutexLock lock(mutex_);
        tickets_.drop();
        tasks_left = has_tasks();  // as in leave()
    }
    if (tasks_left) call_helper();
}

// ---- waiting

GroupState::Step GroupState::next_step(GroupTurn& turn, bool may_start, bool may_sleep) noexcept {
    Step step{Wait::Sleep, 0};
    end_turn_and(turn, [&]() NEBULA_REQUIRES(mutex_) {
        turn = {};
        if (pending() == 0) {
            step.what = Wait::AllEnded;
            return;
        }
        if (may_start) turn.chunk = pick(true);
        if (turn.chunk != nullptr) {
            step.what = Wait::Run;
        } else if (may_sleep) {
            waiting_ = true;
            step.epoch = latch_.epoch();
        }
    });
    return step;
}

void GroupState::stop_waiting() noexcept {
    const MutexLock lock(mutex_);
    waiting_ = false;
}

TaskError GroupState::take_error() noexcept {
    home_.require();
    const MutexLock lock(mutex_);
    return std::exchange(error_, {});
}

// ---- under the lock

void GroupState::append(TaskChunk& chunk) noexcept {
    chunk.older = newest_;
    chunk.newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = &chunk;
    newest_ = &chunk;
}

void GroupState::unlink(TaskChunk& chunk) noexcept {
    (chunk.older != nullptr ? chunk.older->newer : oldest_) = chunk.newer;
    (chunk.newer != nullptr ? chunk.newer->older : newest_) = chunk.older;
}

TaskChunk* GroupState::pick(bool owner) noexcept {
    // Tasks that nobody else can run go first. (The flag is written under the lock.)
    if (owner && owner_is_wanted_.load(std::memory_order_relaxed)) {
        for (TaskChunk* chunk = oldest_; chunk != nullptr; chunk = chunk->newer) {
            if (!chunk->for_owner || !chunk->range.has_items()) continue;
            ++chunk->users;
            return chunk;
        }
        owner_is_wanted_.store(false, std::memory_order_relaxed);
    }
    TaskChunk* shared = nullptr;
    for (TaskChunk* chunk = oldest_; chunk != nullptr; chunk = chunk->newer) {
        if (!chunk->range.has_items() || chunk->for_owner) continue;
        // A chunk that no other thread uses is better: its cache line stays here.
        if (chunk->users == 0) {
            ++chunk->users;
            return chunk;
        }
        if (shared == nullptr) shared = chunk;
    }
    if (shared != nullptr) ++shared->users;
    return shared;
}

// For helpers.
bool GroupState::has_tasks() const noexcept {
    for (const TaskChunk* chunk = oldest_; chunk != nullptr; chunk = chunk->newer)
        if (chunk->range.has_items() && !chunk->for_owner) return true;
    return false;
}

TaskChunk* GroupState::count(GroupTurn turn) noexcept {
    if (turn.chunk == nullptr) return nullptr;
    TaskChunk* const chunk = turn.chunk;
    --chunk->users;
    TaskChunk* empty = nullptr;
    if (chunk != open_ && is_spent(*chunk)) {
        unlink(*chunk);
        empty = chunk;
    }
    // Release pairs with the acquire in pending(). (The load: under the lock.)
    finished_.store(finished_.load(std::memory_order_relaxed) + turn.ran,
                    std::memory_order_release);
    return empty;
}

bool GroupState::stir_owner() noexcept {
    if (!std::exchange(waiting_, false)) return false;
    latch_.advance();
    return true;
}

bool GroupState::publish_elsewhere(TaskChunk& chunk, std::uint32_t end,
                                   std::uint32_t added) noexcept {
    // Relaxed: written under the lock; only the number matters.
    spawned_elsewhere_.store(spawned_elsewhere_.load(std::memory_order_relaxed) + added,
                             std::memory_order_relaxed);
    chunk.range.publish(end);
    return stir_owner();
}

GroupState::Ended GroupState::end_turn(GroupTurn last) noexcept {
    TaskChunk* const empty = count(last);
    return {empty, pending() == 0 && stir_owner()};
}

void GroupState::settle(Ended ended) noexcept {
    recycle(ended.empty);
    NEBULA_YIELD_POINT();
    if (ended.wake) latch_.wake();  // the caller's reference keeps the latch
}

void GroupState::recycle(TaskChunk* chunk) noexcept {
    if (chunk != nullptr) pool_.free_lists().free(chunk);
}

}  // namespace nebula::detail

// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/pool_core.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/detail/pool_parts.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

namespace {

// A thread that waits for a group's last tasks looks for about as long as a sleep and a wake-up
// take: the other threads began that much later, so they end that much later, too. With 3 µs, a
// scope of two tasks of 50 µs ended 73 µs late here; with 50 µs, 51 µs late, with no more CPU time
// (bench/threading/README.md).
constexpr std::chrono::microseconds kLookForLastTasks{50};

// How far from the young end of an injector the owner of a group looks for its tickets.
constexpr std::size_t kTicketReach = 16;

}  // namespace

GroupState& PoolCore::open_group(Band band) {
    home_.require();
    GroupState& group = *free_lists_.take_group();
    // A worker that waits for its own group needs no ticket. Without workers, the thread that
    // spawns helps.
    group.open(band, static_cast<std::uint32_t>(std::max(count_, std::size_t{1})),
               own_current_worker() != nullptr);
    return group;
}

bool PoolCore::publish_ticket(GroupState& group) noexcept {
    if (count_ == 0)
        if (const InlineTurn turn(*this); turn.outermost()) {
            help_group(group, turn);
            return true;
        }
    Item* ticket = nullptr;
    try {
        ticket = free_lists_.take_item(own_cache());
    } catch (...) {
        return false;
    }
    ticket->kind = Item::Kind::Ticket;
    ticket->band = group.band();
    ticket->group = &group;
    publish(ticket);
    return true;
}

void PoolCore::close_group(GroupState& group) noexcept {
    // Unused tickets lie at the young end of the owner's deque, or in an injector. If they stayed,
    // they would pile up when a thread opens a thousand groups while all others are busy.
    const auto band = static_cast<std::size_t>(group.band());
    Worker* const worker = own_current_worker();
    group.owner_leaves();
    const auto is_ours = [&group](const Item& item) {
        return item.kind == Item::Kind::Ticket && item.group == &group;
    };
    while (group.has_tickets()) {
        Item* item = nullptr;
        if (worker != nullptr) {
            item = worker->deques[band].pop();
            if (item != nullptr && !is_ours(*item)) {
                publish(item);
                item = nullptr;
            }
        }
        if (item == nullptr) item = injectors_[band].take_back(kTicketReach, is_ours);
        if (item == nullptr) break;
        discard(item);
        group.return_ticket();
    }
    group.release();
    // A burst that this thread ran alone may have ended after the last worker had gone to sleep.
    if (free_lists_.has_surplus()) [[unlikely]]
        (void)free_lists_.settle(Clock::now());
}

bool PoolCore::wait_for_group(GroupState& group, Clock::time_point deadline, Help help) noexcept {
    const bool no_deadline = deadline == Clock::time_point::max();
    home_.require();
    Worker* const worker = own_current_worker();
    StayAtGroup at(worker, group);
    GroupTurn turn;
    bool looked = false;
    for (;;) {
        const bool may_start = no_deadline || Clock::now() < deadline;
        const GroupState::Step step = group.next_step(turn, may_start, looked);
        if (step.what == GroupState::Wait::AllEnded) return true;
        if (step.what == GroupState::Wait::Run) {
            looked = false;
            for (std::uint32_t number = 0;
                 (number = turn.chunk->range.claim()) != ClaimRange<>::kNone;) {
                at.runs(turn.chunk->name_of(number));
                if (count_ != 0) [[likely]] {
                    group.run_task(turn, number);
                } else {
                    const InlineTurn inline_turn(*this);
                    group.run_task(turn, number);
                    run_inline(inline_turn);
                }
                home_.require();
                if (!no_deadline && Clock::now() >= deadline) break;
                // A task that only we may run is waiting; the other tasks can wait.
                if (group.owner_is_wanted() && !turn.chunk->for_owner) break;
            }
            at.runs_none();
            if (worker != nullptr) worker->tasks.add(turn.ran - turn.dropped);
            continue;
        }
        if (!may_start) {
            group.stop_waiting();
            return false;
        }
        if (!looked) {
            if (help == Help::Any && help_with_one(group.band())) continue;
            // Other threads run the last tasks; often a sleep is not worth it.
            const Clock::time_point until = std::min(deadline, Clock::now() + kLookForLastTasks);
            while (group.pending() != 0 && !group.owner_is_wanted() && Clock::now() < until)
                pause();
            looked = true;
            continue;
        }
        sleep_in_wait(this, group.latch_word(), step.epoch, GroupState::kLatchStep, deadline);
    }
}

// ---- helping: with a ticket

void PoolCore::run_ticket(Worker& worker, Item* ticket) noexcept {
    GroupState& group = *ticket->group;
    StayAtGroup at(&worker, group);
    GroupTurn turn = group.next_turn({});
    for (;;) {
        if (turn.chunk == nullptr) {
            if (!group.leave({})) break;
        } else {
            bool pause = false;
            for (std::uint32_t number = 0;
                 !pause && (number = turn.chunk->range.claim()) != ClaimRange<>::kNone;) {
                at.runs(turn.chunk->name_of(number));
                group.run_task(turn, number);
                if (halted()) [[unlikely]]
                    halt();
                pause = ++worker.picks % kFairnessInterval == kFairnessInterval - 1 ||
                        higher_band_waits(group.band());
            }
            worker.tasks.add(turn.ran - turn.dropped);
            if (pause) {
                if (group.pause(turn)) {
                    publish(ticket);
                    return;
                }
                turn = {};
                continue;
            }
        }
        turn = group.next_turn(turn);
    }
    discard(ticket);
    group.release();
}

// Like run_ticket(), but on a thread that is not a worker and has no ticket, only a reference.
void PoolCore::help_group(GroupState& group, const InlineTurn& inline_turn) noexcept {
    GroupTurn turn = group.next_turn({});
    while (turn.chunk != nullptr || group.leave({})) {
        for (std::uint32_t number = 0;
             turn.chunk != nullptr &&
             (number = turn.chunk->range.claim()) != ClaimRange<>::kNone;) {
            group.run_task(turn, number);
            run_inline(inline_turn);
        }
        turn = group.next_turn(turn);
    }
    group.release();
}

bool PoolCore::run_one_of(GroupState& group, Item* ticket) noexcept {
    StayAtGroup at(own_current_worker(), group);
    GroupTurn turn = group.next_turn({});
    const std::uint32_t number =
        turn.chunk != nullptr ? turn.chunk->range.claim() : ClaimRange<>::kNone;
    if (number != ClaimRange<>::kNone) {
        at.runs(turn.chunk->name_of(number));
        group.run_task(turn, number);
    }
    if (group.pause(turn) || group.leave({})) {
        publish(ticket);
    } else {
        discard(ticket);
        group.release();
    }
    return number != ClaimRange<>::kNone;
}

}  // namespace nebula::detail

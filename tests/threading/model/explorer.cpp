// SPDX-License-Identifier: MIT
#include "explorer.hpp"

#include <ucontext.h>
#include <csetjmp>

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

// Words used here. *Message*: a value that was stored, with what its reader learns. *View*: for
// each location the newest message a thread must know; it reads that one or a newer one. *Clock*:
// per thread, up to which of its operations another one is ordered. README.md has the rules.

namespace nebula::model {
namespace {

constexpr std::size_t kMaxLocations = 32;
constexpr std::size_t kMaxThreads = 7;  // number 0: setup and finally
constexpr std::size_t kStackBytes = std::size_t{64} * 1024;

using ThreadId = std::size_t;
using MessageId = std::uint16_t;  // 0: none, as good as the first one of the location
using View = std::array<MessageId, kMaxLocations>;
using Clock = std::array<std::uint16_t, kMaxThreads>;

// What one learns of another: coherence and happens-before.
struct Knowledge {
    View view{};
    Clock happened{};
};

// For hazards. What came before in the execution by any way at all, and of that what no machine
// can put after: a release store stays behind all that its thread did, all stays behind an acquire
// load; a relaxed load and a relaxed store after it may change places.
struct Cause {
    Clock any{};
    Clock firm{};
};

struct Message {
    std::uint64_t value = 0;
    std::uint64_t identity = 0;  // the writer and its how-manyeth: the same in every interleaving
    Knowledge released;          // for those who acquire
    Cause cause;                 // for hazards
    std::uint8_t writer = 0;
    std::uint16_t written = 0;   // when, by the writer's clock
    std::uint16_t position = 0;  // in the location's modification order
    bool exchanged = false;      // the next one in that order is a read-modify-write of this one
};

struct Location {
    std::vector<MessageId> order;
    std::uint64_t order_hash = 0;
    MessageId fenced = 0;  // the newest one a fence published
    MessageId woken = 0;   // the newest one known to somebody who woke sleepers
    bool alive = true;
    Clock accessed{};  // last access of each thread
    std::array<std::vector<std::uint16_t>, kMaxThreads> relaxed_loads;  // when
};

// An operation that is part of the one order of all seq_cst operations. That order is known in
// part only: as far as happens-before and the values that were read tell.
using OneOrder = std::bitset<256>;
struct SeqCst {
    ThreadId thread = 0;
    std::uint16_t when = 0;
    LocationId location = 0;
    MessageId read = 0;     // 0: nothing
    MessageId written = 0;  // 0: nothing
    OneOrder before;        // those that must come before it
};

struct Cell {
    ThreadId writer = 0;
    std::uint16_t written = 0;
    Clock read{};
};

enum class Status : std::uint8_t { Ready, Sleeping, Finished };

struct Thread {
    Status status = Status::Finished;
    LocationId sleeps_on = 0;
    std::uint16_t messages = 0;
    std::uint64_t history = 0;  // of all that it was told; its code is a function of that
    Knowledge now;
    Knowledge pending;  // of relaxed loads: becomes knowledge at an acquire fence
    Knowledge fenced;   // at the last release fence: what relaxed stores release
    Knowledge light;    // at the last light fence: what heavy fences take
    Knowledge heavy;    // of heavy fences: what light fences take
    Clock causal{};     // by any way
    Clock seen{};       // firm, for its release stores
    Clock firm{};       // firm, for its relaxed stores
    Cause light_cause;
    Cause heavy_cause;
};

struct Step {
    ThreadId thread;
    const char* what;
    LocationId location;
    std::uint64_t value;
    std::uint64_t argument;
    std::uint16_t older_by;  // messages that came after the one it read or was put before
    std::memory_order order;
    Where where;
};

struct Choice {
    std::uint32_t count;
    std::uint32_t taken;
};

struct Fiber {
    ucontext_t start;
    std::jmp_buf entry;  // where it begins; set once the stack exists
    std::jmp_buf place;
    bool has_entry = false;
    bool started = false;
    std::unique_ptr<std::byte[]> stack;  // NOLINT(modernize-avoid-c-arrays): uninitialised
};

enum class End : std::uint8_t { Running, Known, Quiet, Failed };

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
    std::uint64_t x = hash ^ (value + 0x9e3779b97f4a7c15U + (hash << 6U) + (hash >> 2U));
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

// A set of 64-bit hashes. Two states with one hash would hide one of them: with ten million
// states the chance of a single such pair is under one in a hundred thousand.
class StateSet {
public:
    bool insert(std::uint64_t hash) {
        if (hash == 0) hash = 1;
        if (2 * (size_ + 1) > slots_.size()) grow();
        std::uint64_t& slot = find(hash);
        if (slot == hash) return false;
        slot = hash;
        ++size_;
        return true;
    }
    void clear() {
        slots_.assign(1024, 0);
        size_ = 0;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    std::uint64_t& find(std::uint64_t hash) noexcept {
        std::size_t i = hash & (slots_.size() - 1);
        while (slots_[i] != 0 && slots_[i] != hash) i = (i + 1) & (slots_.size() - 1);
        return slots_[i];
    }
    void grow() {
        std::vector<std::uint64_t> old(std::max<std::size_t>(1024, 2 * slots_.size()));
        old.swap(slots_);
        for (const std::uint64_t hash : old)
            if (hash != 0) find(hash) = hash;
    }

    std::vector<std::uint64_t> slots_;
    std::size_t size_ = 0;
};

bool acquires(std::memory_order order) noexcept {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}
bool releases(std::memory_order order) noexcept {
    return order == std::memory_order_release || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

const char* name_of(std::memory_order order) noexcept {
    switch (order) {
        case std::memory_order_relaxed:
            return "relaxed";
        case std::memory_order_consume:
            return "consume";
        case std::memory_order_acquire:
            return "acquire";
        case std::memory_order_release:
            return "release";
        case std::memory_order_acq_rel:
            return "acq_rel";
        case std::memory_order_seq_cst:
            return "seq_cst";
    }
    return "?";
}

class Explorer {
public:
    Report explore(const detail::Program& program, const Limits& limits);

    LocationId new_location(std::uint64_t value);
    void end_location(LocationId id);
    std::uint64_t load(LocationId id, std::memory_order order, const Where& where);
    void store(LocationId id, std::uint64_t value, std::memory_order order, const Where& where);
    std::uint64_t read_modify_write(LocationId id, Rmw kind, std::uint64_t operand,
                                    std::uint64_t mask, std::memory_order order,
                                    const Where& where);
    bool compare_exchange(LocationId id, std::uint64_t& expected, std::uint64_t desired,
                          std::memory_order success, std::memory_order failure, const Where& where);
    void light_fence(const Where& where);
    void heavy_fence(const Where& where);
    void sleep(LocationId id, std::uint64_t expected, const Where& where);
    bool deadline_comes(const Where& where);
    void wake_one(LocationId id, const Where& where);
    CellId new_cell();
    void read_cell(CellId id, const Where& where);
    void write_cell(CellId id, const Where& where);
    void check(bool claim, const char* text, const Where& where);

private:
    // Executions: the main stack.
    void run_once();
    void reset();
    bool next_choices();
    void start_fiber(ThreadId id);
    static void fiber_entry();
    static void run_thread();

    // Scheduling: any stack.
    static void jump(Fiber& from, Fiber& to);
    [[nodiscard]] Fiber& pick();
    void step();
    void leave_for_good();
    [[nodiscard]] std::uint32_t choose(std::size_t count);
    [[nodiscard]] std::uint64_t state_hash() const;
    [[noreturn]] void fail(std::string why);
    [[nodiscard]] std::string tell(const Step& step) const;
    void note(const char* what, LocationId location, std::uint64_t value, std::uint64_t argument,
              std::size_t older_by, std::memory_order order, const Where& where);

    // Memory.
    Thread& self() noexcept { return threads_[current_]; }
    [[nodiscard]] std::uint16_t position(MessageId id) const noexcept {
        return messages_[id].position;
    }
    void learn(View& view, const View& other) const noexcept;
    void learn(Knowledge& knowledge, const Knowledge& other) const noexcept;
    static void learn(Thread& thread, const Cause& cause, bool acquired) noexcept;
    static void learn(Clock& clock, const Clock& other) noexcept;
    [[nodiscard]] std::uint64_t hash_of(const View& view) const noexcept;
    [[nodiscard]] std::uint64_t hash_of(const Knowledge& knowledge) const noexcept;
    void tick() noexcept;
    void told(std::uint64_t fact) noexcept { self().history = mix(self().history, fact); }
    Location& access(LocationId id, const Where& where);
    [[nodiscard]] std::size_t oldest_allowed(const Location& location,
                                             LocationId id) const noexcept;
    void read(LocationId id, MessageId message, std::memory_order order);
    void look_for_hazard(LocationId id, std::size_t place, std::memory_order order,
                         const Where& where);
    MessageId write(LocationId id, std::uint64_t value, std::size_t place, std::memory_order order,
                    MessageId exchanges);
    void rehash(Location& location) const noexcept;
    static constexpr std::size_t kNone = ~std::size_t{0};
    struct Neighbours {
        OneOrder before;
        OneOrder after;
    };
    [[nodiscard]] Neighbours neighbours(LocationId id, std::size_t read, std::size_t place) const;
    [[nodiscard]] bool fits(LocationId id, std::size_t read, std::size_t place,
                            std::memory_order order) const;
    void enter(LocationId id, const Neighbours& around, MessageId read, MessageId written);
    void seq_cst_fence();

    detail::Program program_{};
    Limits limits_;
    Report report_;

    Fiber main_;
    std::array<Fiber, kMaxThreads> fibers_;
    std::vector<Choice> choices_;
    std::size_t chosen_ = 0;
    StateSet known_;

    // Of one execution.
    End end_ = End::Running;
    bool alone_ = true;  // setup and finally: no choices
    ThreadId current_ = 0;
    int spurious_left_ = 0;
    int deadlines_left_ = 0;
    int steps_ = 0;
    std::array<Thread, kMaxThreads> threads_;
    std::size_t location_count_ = 0;
    std::array<Location, kMaxLocations> locations_;
    std::vector<Message> messages_;
    std::vector<SeqCst> seq_cst_;
    std::vector<Cell> cells_;
    std::vector<Step> trace_;
    std::vector<MessageId> candidates_;
};

Explorer& the_explorer() {
    static Explorer explorer;
    return explorer;
}

// ---- executions

Report Explorer::explore(const detail::Program& program, const Limits& limits) {
    program_ = program;
    limits_ = limits;
    report_ = {};
    choices_.clear();
    known_.clear();
    main_.started = true;  // it is on its own stack
    do {
        run_once();
        ++report_.executions;
        if (report_.failure.empty() && report_.executions == limits.max_executions)
            report_.failure = "more executions than the limit: not exhaustive";
    } while (report_.failure.empty() && next_choices());
    report_.states = known_.size();
    return report_;
}

void Explorer::run_once() {
    reset();
    program_.create(program_.state);
    for (std::size_t i = 1; i <= program_.thread_count; ++i) {
        Thread& thread = threads_[i];
        thread.status = Status::Ready;
        thread.now = threads_[0].now;
        thread.causal = threads_[0].causal;
        thread.now.happened[i] = thread.causal[i] = 1;
        thread.history = i;
        start_fiber(i);
    }
    alone_ = false;
    jump(main_, pick());
    if (end_ == End::Quiet) {
        alone_ = true;
        current_ = 0;
        for (const Thread& thread : threads_) {
            learn(threads_[0].now, thread.now);
        }
        if (program_.finally != nullptr) {
            start_fiber(0);
            jump(main_, fibers_[0]);
        }
    }
    alone_ = true;
    current_ = 0;
    program_.destroy(program_.state);
}

void Explorer::reset() {
    end_ = End::Running;
    alone_ = true;
    current_ = 0;
    chosen_ = 0;
    steps_ = 0;
    spurious_left_ = limits_.spurious_wakes;
    deadlines_left_ = limits_.deadlines;
    threads_.fill({});
    threads_[0].now.happened[0] = threads_[0].causal[0] = 1;
    for (std::size_t i = 0; i < location_count_; ++i) {
        Location& location = locations_[i];
        location.order.clear();
        location.fenced = location.woken = 0;
        location.alive = true;
        location.accessed = {};
        for (auto& loads : location.relaxed_loads) loads.clear();
    }
    location_count_ = 0;
    messages_.assign(1, {});
    seq_cst_.clear();
    cells_.clear();
    trace_.clear();
}

// The next branch in depth-first order; false when there is none.
bool Explorer::next_choices() {
    while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().count)
        choices_.pop_back();
    if (choices_.empty()) return false;
    ++choices_.back().taken;
    return true;
}

void Explorer::start_fiber(ThreadId id) {
    Fiber& fiber = fibers_[id];
    if (fiber.stack == nullptr) {
        fiber.stack.reset(new std::byte[kStackBytes]);
        getcontext(&fiber.start);
        fiber.start.uc_stack.ss_sp = fiber.stack.get();
        fiber.start.uc_stack.ss_size = kStackBytes;
        makecontext(&fiber.start, fiber_entry, 0);
    }
    fiber.started = false;
}

void Explorer::fiber_entry() {
    Fiber& fiber = the_explorer().fibers_[the_explorer().current_];
    fiber.has_entry = true;
    (void)_setjmp(fiber.entry);  // every execution begins here
    run_thread();
}

void Explorer::run_thread() {
    Explorer& explorer = the_explorer();
    const ThreadId id = explorer.current_;
    explorer.told(id);  // a thread that stands before its first step is not one that did not start
    const auto body = id == 0 ? explorer.program_.finally : explorer.program_.threads.at(id - 1);
    explorer.program_.run(body, explorer.program_.state);
    explorer.threads_[id].status = Status::Finished;
    explorer.leave_for_good();
}

// ---- scheduling

// A stack's first time by its context, then by long jumps: those make no system call.
[[gnu::noinline]] void Explorer::jump(Fiber& from, Fiber& to) {
    if (&from == &to) return;
    if (_setjmp(from.place) != 0) return;
    if (to.started) _longjmp(to.place, 1);
    to.started = true;
    if (to.has_entry) _longjmp(to.entry, 1);
    setcontext(&to.start);
    std::abort();
}

// Who goes on: a thread, or the main stack when the execution is at its end.
Fiber& Explorer::pick() {
    std::array<ThreadId, 2 * kMaxThreads> enabled{};
    std::size_t count = 0;
    if (current_ != 0 && threads_[current_].status == Status::Ready) enabled[count++] = current_;
    for (ThreadId i = 1; i <= program_.thread_count; ++i)
        if (i != current_ && threads_[i].status == Status::Ready) enabled[count++] = i;
    const std::size_t ready = count;
    if (spurious_left_ > 0)
        for (ThreadId i = 1; i <= program_.thread_count; ++i)
            if (threads_[i].status == Status::Sleeping) enabled[count++] = i;

    const std::size_t regulars = program_.thread_count - static_cast<std::size_t>(limits_.daemons);
    bool all_ended = true;
    for (ThreadId i = 1; i <= regulars; ++i) all_ended &= threads_[i].status == Status::Finished;
    if (ready == 0 && all_ended) {
        end_ = End::Quiet;
        return main_;
    }
    // A sleep that would end for no reason only is a lost wake all the same.
    if (ready == 0) {
        std::string who;
        for (ThreadId i = 1; i <= regulars; ++i)
            if (threads_[i].status == Status::Sleeping) who += " T" + std::to_string(i);
        fail("a lost wake-up:" + who + " would sleep for ever");
    }
    if (++steps_ > limits_.max_steps) fail("an execution without an end, or longer than the limit");
    if (chosen_ == choices_.size() && !known_.insert(state_hash())) {
        end_ = End::Known;
        return main_;
    }
    current_ = enabled[choose(count)];
    Thread& next = threads_[current_];
    if (next.status == Status::Sleeping) {
        --spurious_left_;
        next.status = Status::Ready;
    }
    return fibers_[current_];
}

// Before every operation.
void Explorer::step() {
    ++report_.steps;
    if (alone_) return;
    Fiber& here = fibers_[current_];
    jump(here, pick());
}

void Explorer::leave_for_good() {
    Fiber& here = fibers_[current_];
    jump(here, alone_ ? main_ : pick());
    std::abort();  // nobody comes back here
}

std::uint32_t Explorer::choose(std::size_t count) {
    if (count == 1 || alone_) return 0;
    if (chosen_ == choices_.size()) choices_.push_back({static_cast<std::uint32_t>(count), 0});
    const Choice& choice = choices_[chosen_++];
    if (choice.count != count) {
        std::fputs("model: a thread's body is not deterministic\n", stderr);
        std::abort();
    }
    return choice.taken;
}

// Everything the future depends on. Clocks and views follow from the histories.
std::uint64_t Explorer::state_hash() const {
    std::uint64_t hash = static_cast<std::uint64_t>(spurious_left_);
    hash = mix(hash, static_cast<std::uint64_t>(deadlines_left_));
    for (ThreadId i = 1; i <= program_.thread_count; ++i) {
        const Thread& thread = threads_[i];
        hash = mix(hash, thread.history);
        hash = mix(hash, static_cast<std::uint64_t>(thread.status));
        hash = mix(hash, thread.sleeps_on);
        hash = mix(hash, hash_of(thread.heavy));
    }
    for (std::size_t i = 0; i < location_count_; ++i) {
        const Location& location = locations_[i];
        hash = mix(hash, location.order_hash);
        hash = mix(hash, messages_[location.fenced].identity);
        hash = mix(hash, messages_[location.woken].identity);
    }
    return hash;
}

void Explorer::fail(std::string why) {
    for (const Step& step : trace_) why += "\n" + tell(step);
    report_.failure = std::move(why);
    end_ = End::Failed;
    if (current_ == 0 && !alone_) {
        std::fputs("model: no thread can run at all\n", stderr);
        std::abort();
    }
    jump(fibers_[current_], main_);
    std::abort();
}

std::string Explorer::tell(const Step& step) const {
    const std::string file = step.where.file_name();
    std::array<char, 256> line{};
    std::snprintf(
        line.data(), line.size(), "T%zu  %-11s #%u %s  %lld%s%s  %s:%u", step.thread, step.what,
        static_cast<unsigned>(step.location), name_of(step.order),
        static_cast<long long>(step.value),
        step.argument != step.value
            ? (" -> " + std::to_string(static_cast<long long>(step.argument))).c_str()
            : "",
        step.older_by != 0 ? ("  (" + std::to_string(step.older_by) + " newer)").c_str() : "",
        file.substr(file.rfind('/') + 1).c_str(), step.where.line());
    return line.data();
}

void Explorer::note(const char* what, LocationId location, std::uint64_t value,
                    std::uint64_t argument, std::size_t older_by, std::memory_order order,
                    const Where& where) {
    trace_.push_back({current_, what, location, value, argument,
                      static_cast<std::uint16_t>(older_by), order, where});
}

void Explorer::check(bool claim, const char* text, const Where& where) {
    if (!claim)
        fail(std::string("does not hold: ") + text + " (line " + std::to_string(where.line()) +
             ")");
}

// ---- memory

void Explorer::learn(Clock& clock, const Clock& other) noexcept {
    for (std::size_t i = 0; i < kMaxThreads; ++i) clock[i] = std::max(clock[i], other[i]);
}
void Explorer::learn(View& view, const View& other) const noexcept {
    for (std::size_t i = 0; i < location_count_; ++i)
        if (position(other[i]) > position(view[i])) view[i] = other[i];
}
void Explorer::learn(Knowledge& knowledge, const Knowledge& other) const noexcept {
    learn(knowledge.view, other.view);
    learn(knowledge.happened, other.happened);
}

void Explorer::learn(Thread& thread, const Cause& cause, bool acquired) noexcept {
    learn(thread.causal, cause.any);
    learn(thread.seen, cause.firm);
    if (acquired) learn(thread.firm, cause.firm);
}

std::uint64_t Explorer::hash_of(const View& view) const noexcept {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < location_count_; ++i)
        hash = mix(hash, position(view[i]) == 0 ? 0 : messages_[view[i]].identity);
    return hash;
}
std::uint64_t Explorer::hash_of(const Knowledge& knowledge) const noexcept {
    std::uint64_t hash = hash_of(knowledge.view);
    for (const std::uint16_t count : knowledge.happened) hash = mix(hash, count);
    return hash;
}

// After an operation, so that what was released by it is older than what follows.
void Explorer::tick() noexcept {
    Thread& me = self();
    me.seen[current_] = me.now.happened[current_];
    me.causal[current_] = ++me.now.happened[current_];
}

LocationId Explorer::new_location(std::uint64_t value) {
    if (location_count_ == kMaxLocations) {
        std::fputs("model: too many locations\n", stderr);
        std::abort();
    }
    const auto id = static_cast<LocationId>(location_count_++);
    write(id, value, 0, std::memory_order_relaxed, 0);
    return id;
}

void Explorer::end_location(LocationId id) {
    Location& location = locations_[id];
    if (!alone_) {
        step();
        for (ThreadId i = 1; i <= program_.thread_count; ++i)
            if (i != current_ && location.accessed[i] > self().now.happened[i])
                fail("an atomic (#" + std::to_string(id) + ") ends while T" + std::to_string(i) +
                     " may still use it");
        told(id);
        tick();
    }
    location.alive = false;
}

Location& Explorer::access(LocationId id, const Where& where) {
    Location& location = locations_[id];
    if (!location.alive) {
        note("uses", id, 0, 0, 0, std::memory_order_relaxed, where);
        fail("an atomic (#" + std::to_string(id) + ") is used after its end");
    }
    location.accessed[current_] = self().now.happened[current_];
    return location;
}

// The place in the modification order of the oldest message one may read.
std::size_t Explorer::oldest_allowed(const Location& location, LocationId id) const noexcept {
    return alone_ ? location.order.size() - 1 : position(threads_[current_].now.view[id]);
}

// Who comes before and after an operation of ours that reads the message at `read` and puts one at
// `place`: what happens before us, and on the same location whoever is before us by the values.
Explorer::Neighbours Explorer::neighbours(LocationId id, std::size_t read,
                                          std::size_t place) const {
    Neighbours around;
    for (std::size_t i = 0; i < seq_cst_.size(); ++i) {
        const SeqCst& other = seq_cst_[i];
        if (other.when <= threads_[current_].now.happened[other.thread]) around.before.set(i);
        if (other.location != id) continue;
        if (other.written != 0) {
            const std::size_t at = position(other.written);
            if ((read != kNone && read >= at) || (place != kNone && place > at))
                around.before.set(i);
            if ((read != kNone && read < at) || (place != kNone && place <= at))
                around.after.set(i);
        }
        if (other.read != 0) {
            const std::size_t at = position(other.read);
            if ((read != kNone && read > at) || (place != kNone && place > at))
                around.before.set(i);
            if ((read != kNone && read < at) || (place != kNone && place <= at))
                around.after.set(i);
        }
    }
    for (std::size_t i = 0; i < seq_cst_.size(); ++i)
        if (around.before.test(i)) around.before |= seq_cst_[i].before;
    return around;
}

bool Explorer::fits(LocationId id, std::size_t read, std::size_t place,
                    std::memory_order order) const {
    if (alone_ || order != std::memory_order_seq_cst) return true;
    const Neighbours around = neighbours(id, read, place);
    return (around.before & around.after).none();
}

void Explorer::enter(LocationId id, const Neighbours& around, MessageId read, MessageId written) {
    const std::size_t mine = seq_cst_.size();
    if (mine == around.before.size()) fail("more seq_cst operations than the explorer can order");
    for (std::size_t i = 0; i < mine; ++i)
        if (around.after.test(i) || (seq_cst_[i].before & around.after).any()) {
            seq_cst_[i].before |= around.before;
            seq_cst_[i].before.set(mine);
        }
    seq_cst_.push_back({current_, self().now.happened[current_], id, read, written, around.before});
}

void Explorer::read(LocationId id, MessageId message_id, std::memory_order order) {
    Thread& me = self();
    const Message& message = messages_[message_id];
    me.now.view[id] = message_id;
    learn(acquires(order) ? me.now : me.pending, message.released);
    learn(me, message.cause, acquires(order));
    told(message.identity);
}

// A relaxed load and a store to the same word that came of it, by a way that is not firm: on a
// machine that lets stores go before loads, the load might read that store, and no execution here
// shows it.
void Explorer::look_for_hazard(LocationId id, std::size_t place, std::memory_order order,
                               const Where& where) {
    const Thread& me = self();
    const Location& location = locations_[id];
    const Clock& firm = releases(order) ? me.seen : me.firm;
    for (ThreadId i = 1; i <= program_.thread_count; ++i) {
        if (i == current_ || location.relaxed_loads[i].empty()) continue;
        // What a thread read before a store of its own to the same word is older than that.
        std::uint16_t own_store = 0;
        for (std::size_t p = 0; p < place; ++p)
            if (messages_[location.order[p]].writer == i)
                own_store = std::max(own_store, messages_[location.order[p]].written);
        for (const std::uint16_t when : location.relaxed_loads[i])
            if (when <= me.causal[i] && when > firm[i] && when >= own_store) {
                note("stores", id, 0, 0, 0, std::memory_order_relaxed, where);
                fail("load buffering: T" + std::to_string(i) + " might have read from #" +
                     std::to_string(id) + " what T" + std::to_string(current_) + " stores now");
            }
    }
}

MessageId Explorer::write(LocationId id, std::uint64_t value, std::size_t place,
                          std::memory_order order, MessageId exchanges) {
    Thread& me = self();
    Location& location = locations_[id];
    const auto message_id = static_cast<MessageId>(messages_.size());
    messages_.emplace_back();
    Message& message = messages_.back();
    message.value = value;
    message.identity = mix(current_ + 1, ++me.messages);
    message.writer = static_cast<std::uint8_t>(current_);
    message.written = me.now.happened[current_];
    location.order.insert(std::next(location.order.begin(), static_cast<std::ptrdiff_t>(place)),
                          message_id);
    for (std::size_t i = place; i < location.order.size(); ++i)
        messages_[location.order[i]].position = static_cast<std::uint16_t>(i);
    me.now.view[id] = message_id;
    message.released = releases(order) ? me.now : me.fenced;
    message.released.view[id] = message_id;
    message.cause = {me.causal, releases(order) ? me.seen : me.firm};
    if (releases(order)) message.cause.firm[current_] = me.now.happened[current_];
    if (exchanges != 0) {
        messages_[exchanges].exchanged = true;
        learn(message.released, messages_[exchanges].released);  // one release sequence
        learn(message.cause.firm, messages_[exchanges].cause.firm);
    }
    rehash(location);
    told(value);
    return message_id;
}

void Explorer::rehash(Location& location) const noexcept {
    std::uint64_t hash = 0;
    for (const MessageId id : location.order)
        hash = mix(hash, messages_[id].identity + (messages_[id].exchanged ? 1 : 0));
    location.order_hash = hash;
}

std::uint64_t Explorer::load(LocationId id, std::memory_order order, const Where& where) {
    step();
    Location& location = access(id, where);
    candidates_.clear();
    for (std::size_t i = location.order.size(); i-- > oldest_allowed(location, id);)
        if (fits(id, i, kNone, order)) candidates_.push_back(location.order[i]);
    const MessageId message = candidates_[choose(candidates_.size())];
    if (order == std::memory_order_relaxed)
        location.relaxed_loads[current_].push_back(self().now.happened[current_]);
    if (order == std::memory_order_seq_cst && !alone_)
        enter(id, neighbours(id, position(message), kNone), message, 0);
    read(id, message, order);
    tick();
    const std::uint64_t value = messages_[message].value;
    note("load", id, value, value, location.order.size() - 1 - position(message), order, where);
    return value;
}

void Explorer::store(LocationId id, std::uint64_t value, std::memory_order order,
                     const Where& where) {
    step();
    Location& location = access(id, where);
    // Behind a message that we may follow, unless a read-modify-write has taken that place.
    candidates_.clear();
    for (std::size_t i = location.order.size(); i-- > oldest_allowed(location, id);)
        if (!messages_[location.order[i]].exchanged && fits(id, kNone, i + 1, order))
            candidates_.push_back(static_cast<MessageId>(i));
    const std::size_t place = candidates_[choose(candidates_.size())] + std::size_t{1};
    const std::size_t before = location.order.size() - place;
    look_for_hazard(id, place, order, where);
    const Neighbours around = neighbours(id, kNone, place);
    const MessageId message = write(id, value, place, order, 0);
    if (order == std::memory_order_seq_cst && !alone_) enter(id, around, 0, message);
    tick();
    note("store", id, value, value, before, order, where);
}

std::uint64_t Explorer::read_modify_write(LocationId id, Rmw kind, std::uint64_t operand,
                                          std::uint64_t mask, std::memory_order order,
                                          const Where& where) {
    step();
    Location& location = access(id, where);
    candidates_.clear();
    for (std::size_t i = location.order.size(); i-- > oldest_allowed(location, id);)
        if (!messages_[location.order[i]].exchanged && fits(id, i, i + 1, order))
            candidates_.push_back(location.order[i]);
    const MessageId message = candidates_[choose(candidates_.size())];
    const std::uint64_t old = messages_[message].value;
    std::uint64_t value = operand;
    switch (kind) {
        case Rmw::Exchange:
            break;
        case Rmw::Add:
            value = old + operand;
            break;
        case Rmw::Sub:
            value = old - operand;
            break;
        case Rmw::Or:
            value = old | operand;
            break;
        case Rmw::And:
            value = old & operand;
            break;
    }
    value &= mask;
    const std::size_t place = messages_[message].position + std::size_t{1};
    const Neighbours around = neighbours(id, place - 1, place);
    read(id, message, order);
    look_for_hazard(id, place, order, where);
    const std::size_t before = location.order.size() - place;
    const MessageId written = write(id, value, place, order, message);
    if (order == std::memory_order_seq_cst && !alone_) enter(id, around, message, written);
    tick();
    note("modify", id, old, value, before, order, where);
    return old;
}

bool Explorer::compare_exchange(LocationId id, std::uint64_t& expected, std::uint64_t desired,
                                std::memory_order success, std::memory_order failure,
                                const Where& where) {
    step();
    Location& location = access(id, where);
    candidates_.clear();
    for (std::size_t i = location.order.size(); i-- > 0;) {
        const Message& message = messages_[location.order[i]];
        const bool equal = message.value == expected;
        if (i >= oldest_allowed(location, id) && !(equal && message.exchanged) &&
            (equal ? fits(id, i, i + 1, success) : fits(id, i, kNone, failure)))
            candidates_.push_back(location.order[i]);
    }
    const MessageId message = candidates_[choose(candidates_.size())];
    const std::uint64_t old = messages_[message].value;
    const std::size_t older_by = location.order.size() - 1 - messages_[message].position;
    const bool done = old == expected;
    if (done) {
        const std::size_t place = messages_[message].position + std::size_t{1};
        const Neighbours around = neighbours(id, place - 1, place);
        read(id, message, success);
        look_for_hazard(id, place, success, where);
        const MessageId written = write(id, desired, place, success, message);
        if (success == std::memory_order_seq_cst && !alone_) enter(id, around, message, written);
    } else {
        if (failure == std::memory_order_seq_cst && !alone_)
            enter(id, neighbours(id, position(message), kNone), message, 0);
        if (failure == std::memory_order_relaxed)
            location.relaxed_loads[current_].push_back(self().now.happened[current_]);
        read(id, message, failure);
        expected = old;
    }
    tick();
    note(done ? "exchange" : "no exchange", id, old, done ? desired : old, older_by,
         done ? success : failure, where);
    return done;
}

void Explorer::seq_cst_fence() {
    Thread& me = self();
    learn(me.now, me.pending);
    for (std::size_t i = 0; i < location_count_; ++i) {
        Location& location = locations_[i];
        if (position(location.fenced) > position(me.now.view[i]))
            me.now.view[i] = location.fenced;
        else if (position(me.now.view[i]) > position(location.fenced))
            location.fenced = me.now.view[i];
    }
    me.fenced = me.now;
    me.firm = me.seen;
    told(hash_of(me.now));
}

void Explorer::light_fence(const Where& where) {
    step();
    Thread& me = self();
    me.light = me.now;
    learn(me.light, me.pending);
    me.light_cause = {me.causal, me.seen};
    learn(me.now, me.heavy);
    learn(me, me.heavy_cause, true);
    told(hash_of(me.heavy));
    tick();
    note("light fence", 0, 0, 0, 0, std::memory_order_seq_cst, where);
}

// Not one moment for all: each other thread is interrupted at a moment of its own, between the
// two ends of the call.
void Explorer::heavy_fence(const Where& where) {
    step();
    seq_cst_fence();
    const Knowledge begin = self().now;
    const Cause begin_cause = {self().causal, self().seen};
    tick();
    note("heavy fence", 0, 0, 0, 0, std::memory_order_seq_cst, where);
    Knowledge met;
    const ThreadId me = current_;
    for (ThreadId i = 1; i <= program_.thread_count; ++i) {
        if (i == me) continue;
        if (threads_[i].status != Status::Finished) step();
        Thread& other = threads_[i];
        learn(met, other.light);
        learn(self(), other.light_cause, true);
        learn(other.heavy, begin);
        learn(other.heavy_cause.any, begin_cause.any);
        learn(other.heavy_cause.firm, begin_cause.firm);
        told(hash_of(met));
        note("interrupts", static_cast<LocationId>(i), 0, 0, 0, std::memory_order_seq_cst, where);
    }
    learn(self().now, met);
    seq_cst_fence();
    tick();
}

void Explorer::sleep(LocationId id, std::uint64_t expected, const Where& where) {
    step();
    Location& location = access(id, where);
    // The kernel looks after it has put us in line, so it sees what anybody knew who woke before.
    const std::size_t newest = location.order.size() - 1;
    const std::size_t oldest =
        std::max<std::size_t>(oldest_allowed(location, id), position(location.woken));
    const std::size_t older_by = choose(newest - oldest + 1);
    const MessageId message = location.order[newest - older_by];
    read(id, message, std::memory_order_relaxed);
    tick();
    const std::uint64_t value = messages_[message].value;
    const bool sleeps = value == expected;
    note(sleeps ? "sleep" : "no sleep", id, value, expected, older_by, std::memory_order_relaxed,
         where);
    if (!sleeps || alone_) return;
    self().status = Status::Sleeping;
    self().sleeps_on = id;
    Fiber& here = fibers_[current_];
    jump(here, pick());
    told(id);  // one that goes on is not one that may
}

// A sleep with a deadline may have none, end at its begin, or later: by then it is as if it had
// begun later.
bool Explorer::deadline_comes(const Where& where) {
    step();
    const bool comes = deadlines_left_ > 0 && choose(2) == 1;
    if (comes) --deadlines_left_;
    told(comes ? 1 : 0);
    tick();
    note("deadline?", 0, comes ? 1 : 0, comes ? 1 : 0, 0, std::memory_order_relaxed, where);
    return comes;
}

void Explorer::wake_one(LocationId id, const Where& where) {
    step();
    Location& location = access(id, where);
    const MessageId mine = self().now.view[id];
    if (position(mine) > position(location.woken)) location.woken = mine;
    std::array<ThreadId, kMaxThreads> sleepers{};
    std::size_t count = 0;
    for (ThreadId i = 1; i <= program_.thread_count; ++i)
        if (threads_[i].status == Status::Sleeping && threads_[i].sleeps_on == id)
            sleepers[count++] = i;
    std::uint64_t woken = 0;
    if (count > 0) {
        woken = sleepers[choose(count)];
        threads_[woken].status = Status::Ready;
    }
    told(id);
    tick();
    note("wake", id, woken, woken, 0, std::memory_order_seq_cst, where);
}

CellId Explorer::new_cell() {
    cells_.emplace_back();
    cells_.back().writer = current_;
    cells_.back().written = self().now.happened[current_];
    return static_cast<CellId>(cells_.size() - 1);
}

void Explorer::read_cell(CellId id, const Where& where) {
    Cell& cell = cells_[id];
    note("reads cell", id, 0, 0, 0, std::memory_order_relaxed, where);
    if (cell.written > self().now.happened[cell.writer])
        fail("a data race: T" + std::to_string(current_) + " reads what T" +
             std::to_string(cell.writer) + " wrote without an order between them");
    cell.read[current_] = self().now.happened[current_];
}

void Explorer::write_cell(CellId id, const Where& where) {
    Cell& cell = cells_[id];
    note("writes cell", id, 0, 0, 0, std::memory_order_relaxed, where);
    for (ThreadId i = 0; i <= program_.thread_count; ++i)
        if (i != current_ &&
            std::max(cell.read[i], i == cell.writer ? cell.written : std::uint16_t{0}) >
                self().now.happened[i])
            fail("a data race: T" + std::to_string(current_) + " writes what T" +
                 std::to_string(i) + " used without an order between them");
    cell.writer = current_;
    cell.written = self().now.happened[current_];
}

}  // namespace

void check(bool claim, const char* text, std::source_location where) {
    the_explorer().check(claim, text, where);
}
LocationId new_location(std::uint64_t value) { return the_explorer().new_location(value); }
void end_location(LocationId location) { the_explorer().end_location(location); }
std::uint64_t load(LocationId location, std::memory_order order, const Where& where) {
    return the_explorer().load(location, order, where);
}
void store(LocationId location, std::uint64_t value, std::memory_order order, const Where& where) {
    the_explorer().store(location, value, order, where);
}
std::uint64_t read_modify_write(LocationId location, Rmw kind, std::uint64_t operand,
                                std::uint64_t mask, std::memory_order order, const Where& where) {
    return the_explorer().read_modify_write(location, kind, operand, mask, order, where);
}
bool compare_exchange(LocationId location, std::uint64_t& expected, std::uint64_t desired,
                      std::memory_order success, std::memory_order failure, const Where& where) {
    return the_explorer().compare_exchange(location, expected, desired, success, failure, where);
}
void light_fence(const Where& where) { the_explorer().light_fence(where); }
void heavy_fence(const Where& where) { the_explorer().heavy_fence(where); }
void sleep(LocationId location, std::uint64_t expected, const Where& where) {
    the_explorer().sleep(location, expected, where);
}
bool deadline_comes(const Where& where) { return the_explorer().deadline_comes(where); }
void wake_one(LocationId location, const Where& where) { the_explorer().wake_one(location, where); }
CellId new_cell() { return the_explorer().new_cell(); }
void read_cell(CellId cell, const Where& where) { the_explorer().read_cell(cell, where); }
void write_cell(CellId cell, const Where& where) { the_explorer().write_cell(cell, where); }

namespace detail {

Report explore(const Program& program, const Limits& limits) {
    return the_explorer().explore(program, limits);
}

}  // namespace detail
}  // namespace nebula::model

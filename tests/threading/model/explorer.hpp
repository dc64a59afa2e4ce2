// SPDX-License-Identifier: MIT
// Runs a small concurrent program in every way the C++ memory model allows. Start with README.md.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <source_location>
#include <string>

namespace nebula::model {

/// What one exploration may do and spend.
struct Limits {
    /// How often per execution a sleep may end for no reason. The others end by a wake only.
    int spurious_wakes = 0;
    /// How often per execution a deadline comes before the wake.
    int deadlines = 0;
    /// The last so many threads may sleep when all is over: workers with nothing to do.
    int daemons = 0;
    /// Per execution. One that is longer fails the model: it would not be exhaustive.
    int max_steps = 2'000;
    /// Of all executions together; more fail the model too.
    std::uint64_t max_executions = 50'000'000;
};

/// What came out. `failure` is empty if no execution broke a claim; else it tells the claim and
/// the execution, one operation per line.
struct Report {
    std::string failure;
    std::uint64_t executions = 0;  ///< Runs from the start, those cut at a known state included.
    std::uint64_t states = 0;      ///< Distinct ones.
    std::uint64_t steps = 0;       ///< Operations executed, replays included.

    [[nodiscard]] bool holds() const noexcept { return failure.empty(); }
};

/// The claim of a model: for threads, and for what runs after them.
void check(bool claim, const char* text,
           std::source_location where = std::source_location::current());

enum class Rmw : std::uint8_t { Exchange, Add, Sub, Or, And };

using LocationId = std::uint16_t;
using CellId = std::uint16_t;
using Where = std::source_location;

// What ModelAtomics is made of. Each is one step, at which any other thread may come first; not so
// the accesses to cells, whose races show in whatever order they come.

LocationId new_location(std::uint64_t value);
void end_location(LocationId location);
std::uint64_t load(LocationId location, std::memory_order order, const Where& where);
void store(LocationId location, std::uint64_t value, std::memory_order order, const Where& where);
std::uint64_t read_modify_write(LocationId location, Rmw kind, std::uint64_t operand,
                                std::uint64_t mask, std::memory_order order, const Where& where);
bool compare_exchange(LocationId location, std::uint64_t& expected, std::uint64_t desired,
                      std::memory_order success, std::memory_order failure, const Where& where);
void light_fence(const Where& where);
void heavy_fence(const Where& where);
void sleep(LocationId location, std::uint64_t expected, const Where& where);
bool deadline_comes(const Where& where);
void wake_one(LocationId location, const Where& where);

CellId new_cell();
void read_cell(CellId cell, const Where& where);
void write_cell(CellId cell, const Where& where);

namespace detail {

// A State and its threads, with the type taken away.
struct Program {
    void* state;
    void (*create)(void* state);
    void (*destroy)(void* state);
    void (*run)(void (*body)(), void* state);
    std::array<void (*)(), 6> threads;
    std::size_t thread_count;
    void (*finally)();  // may be null
};

Report explore(const Program& program, const Limits& limits);

}  // namespace detail

/// Runs `threads` on a fresh `State` in every way, and `finally` after each, when all have ended.
///
/// The bodies must be deterministic, communicate through ModelAtomics and ModelCell alone, and own
/// nothing: an execution that reaches a known state is dropped where it stands.
///
/// Threads:   one exploration at a time.
template <class State>
Report explore(std::initializer_list<void (*)(State&)> threads, void (*finally)(State&) = nullptr,
               const Limits& limits = {}) {
    // In the same place each time, so that pointers into it are the same values.
    alignas(State) static std::array<std::byte, sizeof(State)> place;
    detail::Program program{};
    program.state = place.data();
    program.create = [](void* state) { ::new (state) State(); };
    program.destroy = [](void* state) { static_cast<State*>(state)->~State(); };
    program.run = [](void (*body)(), void* state) {
        reinterpret_cast<void (*)(State&)>(body)(*static_cast<State*>(state));
    };
    for (auto* const thread : threads)
        program.threads.at(program.thread_count++) = reinterpret_cast<void (*)()>(thread);
    program.finally = reinterpret_cast<void (*)()>(finally);
    return detail::explore(program, limits);
}

}  // namespace nebula::model

// SPDX-License-Identifier: MIT
// How a model is declared: a test of the suite, or an entry of a mutant's small program.
#pragma once

#include "explorer.hpp"
#include "model_atomics.hpp"

#if defined(NEBULA_MODEL_MUTANT)

namespace nebula::model {

/// One model of this program; model_main.cpp runs them all.
struct Entry {
    const char* suite;
    const char* claim;
    Report (*run)();
    Entry* next;
};
Entry*& entries() noexcept;

struct Registered {
    explicit Registered(Entry& entry) noexcept {
        entry.next = entries();
        entries() = &entry;
    }
};

}  // namespace nebula::model

#define NEBULA_MODEL(suite, claim)                                                            \
    ::nebula::model::Report suite##_##claim();                                                \
    ::nebula::model::Entry suite##_##claim##_entry{#suite, #claim, suite##_##claim, nullptr}; \
    const ::nebula::model::Registered suite##_##claim##_registered(suite##_##claim##_entry);  \
    ::nebula::model::Report suite##_##claim()

#else
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

/// A body that returns a Report, under the name of what it claims.
#define NEBULA_MODEL(suite, claim)                                            \
    ::nebula::model::Report suite##_##claim();                                \
    TEST(suite, claim) {                                                      \
        const ::nebula::model::Report report = suite##_##claim();             \
        RecordProperty("executions", std::to_string(report.executions));      \
        RecordProperty("states", std::to_string(report.states));              \
        std::printf("%s: %llu states, %llu executions, %llu steps\n", #claim, \
                    static_cast<unsigned long long>(report.states),           \
                    static_cast<unsigned long long>(report.executions),       \
                    static_cast<unsigned long long>(report.steps));           \
        EXPECT_TRUE(report.holds()) << report.failure;                        \
    }                                                                         \
    ::nebula::model::Report suite##_##claim()

#endif

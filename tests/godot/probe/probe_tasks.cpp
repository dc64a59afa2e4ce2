// SPDX-License-Identifier: MIT
#include "tests/godot/probe/probe_tasks.hpp"

#include "nebula/godot/binding/closure.hpp"
#include "nebula/godot/binding/lifecycle.hpp"

#include <cstdio>

namespace nebula::godot {
namespace {

int locals_made = 0;
int locals_destroyed = 0;
int locals_destroyed_elsewhere = 0;
bool reports_at_end = false;

}  // namespace

ProbeLocal::ProbeLocal() { ++locals_made; }
ProbeLocal::~ProbeLocal() {
    ++locals_destroyed;
    if (!is_main_thread()) ++locals_destroyed_elsewhere;
}
int ProbeLocal::made() { return locals_made; }
int ProbeLocal::alive() { return locals_made - locals_destroyed; }
int ProbeLocal::destroyed_elsewhere() { return locals_destroyed_elsewhere; }

void ProbeLog::add(const Variant& entry) {
    if (!is_main_thread()) left_main_thread = true;
    entries.append(entry);
}
void ProbeLog::add(const AsyncError& error) { add(Variant(std::string("error: ") + error.what())); }
void ProbeLog::add(AsyncErrorCode error) { add(Variant("error: " + std::string(describe(error)))); }

std::int64_t ProbeTasks::callables_alive() { return live_callables(); }
void ProbeTasks::report_at_end() { reports_at_end = true; }

void report_probe_tasks() {
    if (!reports_at_end) return;
    std::printf("probe: %d coroutines began, %d were destroyed, %lld callables are left\n",
                locals_made, locals_destroyed, static_cast<long long>(live_callables()));
    std::fflush(stdout);
}

}  // namespace nebula::godot

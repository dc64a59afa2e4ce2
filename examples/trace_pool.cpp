// SPDX-License-Identifier: MIT
// Records what a pool does and writes out/trace.json; open that file at ui.perfetto.dev.
#include "nebula/base/trace.hpp"
#include "nebula/threading/par.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/trace/trace_writer.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

namespace {

void carve(std::vector<double>& heights) {
    NEBULA_TRACE_ZONE("carve");
    for (double& height : heights) height = std::sin(height) + 1.0;
}

}  // namespace

int main(int count, char** arguments) {
    const char* const file = count > 1 ? arguments[1] : "out/trace.json";
    nebula::TraceWriter trace;  // before the pool, so that nothing is missed
    {
        nebula::WorkerPool pool({.reserved_cores = 0});
        std::array<std::vector<double>, 16> strips;
        pool.scope([&strips](nebula::Scope<>& scope) {
            for (auto& strip : strips)
                scope.spawn([&strip] { strip.assign(200'000, 0.5); }, "fill");
        });
        par_for(pool, 0, strips.size(), 1, [&strips](std::size_t i) { carve(strips[i]); },
                {.name = "carve all"});
    }
    try {
        trace.write(file);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    std::printf("wrote %s\n", file);
}

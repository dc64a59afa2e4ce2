// SPDX-License-Identifier: MIT
#include "nebula/godot/generator/generator_code.hpp"

#include "nebula/base/exception_text.hpp"
#include "nebula/base/mutex.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

struct HandedOver {
    std::unique_ptr<const GeneratorCode> code;  // null once it is unused
    NebulaGenerator* shared = nullptr;
};

Mutex mutex;

std::vector<HandedOver>& handed_over() NEBULA_REQUIRES(mutex) {
    static std::vector<HandedOver> all;
    return all;
}

// An unused one stays in the list while its call of unused() is under way, which is code of ours that
// the withdrawal must wait for. The next one that is handed over comes by here.
void sweep() NEBULA_REQUIRES(mutex) {
    std::erase_if(handed_over(), [](const HandedOver& each) {
        if (each.code || nebula_generator_is_idle(each.shared) == 0) return false;
        nebula_generator_drop(each.shared);
        return true;
    });
}

const GeneratorCode& code_of(void* data) { return *static_cast<const GeneratorCode*>(data); }

/// What C calls. No exception leaves it.
template <class F>
int told(NebulaWhy* why, F&& body) noexcept {
    try {
        body();
        return 1;
    } catch (...) {
        try {
            std::snprintf(why->text, sizeof why->text, "%s",
                          exception_text(std::current_exception()).c_str());
        } catch (...) {
            std::snprintf(why->text, sizeof why->text, "out of memory");
        }
        return 0;
    }
}

int call_distances(void* data, const NebulaPoints* points, float* out, NebulaWhy* why) {
    return told(why, [&] { code_of(data).distances(*points, out); });
}

int call_bounds(void* data, const NebulaPoints* points, float* least, float* most) {
    const auto bounds = code_of(data).bounds(*points);
    if (!bounds) return 0;
    *least = bounds->least;
    *most = bounds->most;
    return 1;
}

int call_materials(void* data, const NebulaPoints* points, std::uint8_t* out, NebulaWhy* why) {
    return told(why, [&] { code_of(data).materials(*points, out); });
}

int call_one_material(void* data, const NebulaPoints* points, std::uint8_t* material) {
    const auto one = code_of(data).one_material(*points);
    if (one) *material = *one;
    return one ? 1 : 0;
}

void call_unused(NebulaGenerator* generator) {
    std::unique_ptr<const GeneratorCode> unused;
    const MutexLock lock(mutex);
    const auto found = std::ranges::find(handed_over(), generator, &HandedOver::shared);
    // If it is not there, it is being withdrawn, and waits for us to return.
    if (found != handed_over().end()) unused = std::move(found->code);
}

}  // namespace

std::optional<GeneratorCode::Bounds> GeneratorCode::bounds(
    const NebulaPoints& /*points*/) const noexcept {
    return std::nullopt;
}

void GeneratorCode::materials(const NebulaPoints& points, std::uint8_t* out) const {
    const auto count =
        static_cast<std::ptrdiff_t>(points.size[0]) * points.size[1] * points.size[2];
    std::fill_n(out, count, std::uint8_t{0});
}

std::optional<std::uint8_t> GeneratorCode::one_material(
    const NebulaPoints& /*points*/) const noexcept {
    return std::nullopt;
}

std::int64_t hand_over(std::unique_ptr<const GeneratorCode> code) {
    if (!code) throw std::invalid_argument("hand_over: there is no code");
    const MutexLock lock(mutex);
    sweep();
    handed_over().reserve(handed_over().size() + 1);
    NebulaGenerator* const made = nebula_generator_new();
    if (made == nullptr) throw std::bad_alloc();
    made->data = const_cast<GeneratorCode*>(code.get());
    made->distances = call_distances;
    made->bounds = call_bounds;
    if (code->has_materials()) {
        made->materials = call_materials;
        made->one_material = call_one_material;
    }
    made->unused = call_unused;
    handed_over().push_back({std::move(code), made});
    return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(made));
}

void withdraw_generators() noexcept {
    std::vector<HandedOver> taken;
    {
        const MutexLock lock(mutex);
        taken = std::move(handed_over());
        handed_over().clear();
    }
    for (const HandedOver& each : taken) nebula_generator_withdraw(each.shared);
    for (HandedOver& each : taken) {
        // A call takes less than a millisecond, and few are under way when an extension goes.
        while (nebula_generator_is_idle(each.shared) == 0)
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        each.code.reset();
        nebula_generator_drop(each.shared);
    }
}

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
#include "nebula/godot/jobs/script_loop.hpp"

#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/threading/par.hpp"
#include "nebula/threading/stop_token.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace nebula::godot {
namespace {

class CountedItems final : public LoopItems {
public:
    explicit CountedItems(std::size_t count) noexcept : LoopItems(count) {}
    [[nodiscard]] Variant at(std::size_t i) const override { return i; }
};

class ArrayItems final : public LoopItems {
public:
    explicit ArrayItems(const Array& items) : ArrayItems(items.copy(), 0) {}
    [[nodiscard]] Variant at(std::size_t i) const override { return view_[i]; }

private:
    ArrayItems(Array copy, int /*tag*/)
        : LoopItems(copy.size()), items_(std::move(copy)), view_(std::as_const(items_).view()) {}

    const Array items_;
    std::span<const Variant> view_;
};

/// Whether a result is an element of a packed array without loss, but for the last digits of floats.
template <class T>
bool fits(const Variant& result) {
    const GDExtensionVariantType type = result.type();
    if constexpr (std::is_floating_point_v<T>) {
        return type == GDEXTENSION_VARIANT_TYPE_FLOAT || type == GDEXTENSION_VARIANT_TYPE_INT;
    } else if constexpr (std::is_integral_v<T>) {
        return type == GDEXTENSION_VARIANT_TYPE_INT && std::in_range<T>(result.to<std::int64_t>());
    } else {
        return type == BuiltinTypeOf<T>::kValue;
    }
}

template <class Packed>
class PackedItems final : public LoopItems {
    using T = typename Packed::Element;

public:
    explicit PackedItems(Packed items)
        : LoopItems(items.size()), items_(std::move(items)), view_(items_.view()) {}

    [[nodiscard]] Variant at(std::size_t i) const override { return Variant(view_[i]); }
    [[nodiscard]] Variant packed(const Array& results) const override {
        Packed all;
        all.resize(results.size());
        const std::span<T> slots = all.write();
        const std::span<const Variant> given = results.view();
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (!fits<T>(given[i])) return Variant(results);
            slots[i] = given[i].to<T>();
        }
        return Variant(all);
    }

private:
    const Packed items_;
    std::span<const T> view_;
};

template <class Packed>
std::shared_ptr<const LoopItems> packed_items(const Variant& what) {
    return std::make_shared<PackedItems<Packed>>(what.to<Packed>());
}

/// Calls done(i, result) for each item.
template <class Done>
void call_each(WorkerPool& pool, const LoopItems& items, const ScriptFunction& function, Band band,
               const char* name, const Done& done) {
    const StopToken job = current_stop_token();  // of the job that this loop is in, if any
    par_for(pool, std::size_t{0}, items.size(),
            [&](IndexRange piece) {
                const nebula::detail::CurrentStop running(job, name);
                ScriptErrorWatch watch;
                for (std::size_t i = piece.begin; i < piece.end; ++i) {
                    if (job.stop_requested())
                        throw TaskFailed(NebulaTaskError::Code::Cancelled,
                                         "the task was cancelled while its loop ran");
                    const Variant item = items.at(i);
                    done(i, function.call(&item, watch));
                }
            },
            {.band = band, .name = name});
}

}  // namespace

std::shared_ptr<const LoopItems> LoopItems::of(const Variant& what) {
    switch (what.type()) {
        case GDEXTENSION_VARIANT_TYPE_INT: {
            const auto count = what.to<std::int64_t>();
            if (count < 0)
                throw std::invalid_argument("the number of calls must be 0 or more, not " +
                                            std::to_string(count));
            return std::make_shared<CountedItems>(static_cast<std::size_t>(count));
        }
        case GDEXTENSION_VARIANT_TYPE_ARRAY:
            return std::make_shared<ArrayItems>(what.to<Array>());
#define NEBULA_ITEMS(name, element, type, function) \
    case GDEXTENSION_VARIANT_TYPE_##type:           \
        return packed_items<name>(what);
            NEBULA_PACKED_ARRAYS(NEBULA_ITEMS)
#undef NEBULA_ITEMS
        default:
            throw std::invalid_argument(
                "the items must be a whole number (for 0, 1, 2, ...), an Array or a packed array, "
                "not of the type " +
                type_name(what.type()));
    }
}

void script_for(WorkerPool& pool, const LoopItems& items, const ScriptFunction& function,
                Band band) {
    call_each(pool, items, function, band, "Nebula.par_for",
              [](std::size_t, const Variant&) noexcept {});
}

Variant script_map(WorkerPool& pool, const LoopItems& items, const ScriptFunction& function,
                   Band band) {
    Array results;
    results.resize(items.size());
    if (results.size() != items.size())
        throw std::length_error("there is no memory for an Array of " +
                                std::to_string(items.size()) + " results");
    const std::span<Variant> slots = results.write();
    call_each(pool, items, function, band, "Nebula.par_map",
              [slots](std::size_t i, Variant result) noexcept { slots[i] = std::move(result); });
    return items.packed(results);
}

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/move_change.hpp"

#include "nebula/voxel/field/generated_brick.hpp"

#include <cstddef>
#include <utility>

namespace nebula::voxel::detail {

std::optional<BrickPtr> ChangeMover::move(BrickId id, const Brick* from, const Brick* to,
                                          const Brick* onto) {
    if (scratch_ == nullptr) scratch_ = std::make_unique<Scratch>();
    Scratch& s = *scratch_;
    if (from == nullptr || to == nullptr || onto == nullptr) fill_brick(generator_, id, s.pristine);
    const auto brick = [&s](const Brick* b) -> const Brick& {
        return b == nullptr ? s.pristine : *b;
    };
    const Brick& a = brick(from);
    const Brick& b = brick(to);
    auto out = std::make_unique<Brick>(brick(onto));
    const bool placed = !a.placed.none() || !b.placed.none() || !out->placed.none();
    auto& [of_a, of_b, of_out] = s.materials;
    if (placed) {
        s.generated.begin(generator_, id);
        read_materials(a, s.generated, of_a);
        read_materials(b, s.generated, of_b);
        read_materials(*out, s.generated, of_out);
    }
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const Sample old = a.samples[i];
        const bool told = placed && is_inside(old);  // air has no material
        if (b.samples[i] == old && !(told && of_a[i] != of_b[i])) continue;
        if (out->samples[i] != old || (told && of_out[i] != of_a[i])) return std::nullopt;
        out->samples[i] = b.samples[i];
        of_out[i] = of_b[i];
    }
    if (placed) out->placed = placed_of(out->samples, of_out, s.generated);
    return keep_brick(std::move(out));
}

}  // namespace nebula::voxel::detail

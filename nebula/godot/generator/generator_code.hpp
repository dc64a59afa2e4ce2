// SPDX-License-Identifier: MIT
// A world that an extension makes in C++, for the VoxelTerrain of the add-on in the same project.
#pragma once

#include "nebula/godot/generator/nebula_generator.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace nebula::godot {

/// A pure function from points to distances, with all its settings: a snapshot, made for one world.
///
///     class Craters final : public GeneratorCode { … distances(…) … };
///     class CraterGenerator : public Extension<Resource> {  // what is tuned in the inspector
///         std::int64_t make() const { return hand_over(std::make_unique<Craters>(radius_)); }
///         std::string describe() const { return "radius=" + std::to_string(radius_); }
///     public:
///         static void bind(ClassBuilder<CraterGenerator>& c) {
///             c.any_thread();
///             c.method(kMakeGenerator, &CraterGenerator::make);
///             c.method(kDescribeGenerator, &CraterGenerator::describe);
///
/// In the project, the resource is the `source` of a VoxelNativeGenerator.
///
/// Threads:   all functions: any thread, many at once, and none may use the engine.
/// Throws:    distances() and materials() may throw: the chunk, edit or ray then fails with what().
/// Lifetime:  destroyed when the world ends, on any thread, or by withdraw_generators().
class GeneratorCode {
public:
    GeneratorCode() = default;
    GeneratorCode(const GeneratorCode&) = delete;
    GeneratorCode& operator=(const GeneratorCode&) = delete;
    virtual ~GeneratorCode() = default;

    /// Each function here is one of nebula_generator.h, which has its rules.
    virtual void distances(const NebulaPoints& points, float* out) const = 0;

    struct Bounds {
        float least, most;
    };
    /// The default proves nothing, and every chunk in view is computed.
    [[nodiscard]] virtual std::optional<Bounds> bounds(const NebulaPoints& points) const noexcept;

    /// Whether it has materials of its own. If not, the layers of the VoxelNativeGenerator are used,
    /// and the functions below are not called.
    [[nodiscard]] virtual bool has_materials() const noexcept { return false; }
    virtual void materials(const NebulaPoints& points, std::uint8_t* out) const;
    [[nodiscard]] virtual std::optional<std::uint8_t> one_material(
        const NebulaPoints& points) const noexcept;
};

/// How a VoxelNativeGenerator asks its source for the code, which is what hand_over() returns, and for
/// the words that a world file keeps of it: a String, equal for equal worlds.
inline constexpr const char* kMakeGenerator = "_make_nebula_generator";
inline constexpr const char* kDescribeGenerator = "_describe_nebula_generator";

/// The address of a NebulaGenerator, which the caller owns a share of.
///
/// Threads:   any thread.
/// Throws:    std::bad_alloc. std::invalid_argument for null.
[[nodiscard]] std::int64_t hand_over(std::unique_ptr<const GeneratorCode> code);

/// Takes back all that was handed over: waits for the calls under way, then destroys the code. A terrain
/// that still uses one keeps what it shows, and what it asks for fails with a sentence. Part of
/// stop_library(), so that no thread is in our code when it is unloaded.
void withdraw_generators() noexcept;

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
// The world of another extension as a generator in the inspector.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/voxel/voxel_generator.hpp"

#include <memory>
#include <string>

namespace nebula::godot {

/// Asks its source, a resource of another extension, for the code of a world: README.md in this folder.
class VoxelNativeGenerator final : public Extension<VoxelGenerator> {
public:
    static constexpr const char* kClassName = "VoxelNativeGenerator";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelNativeGenerator>& c);

    [[nodiscard]] std::shared_ptr<const voxel::Generator> build() const override;
    [[nodiscard]] std::string describe() const override;
    [[nodiscard]] bool is_lost(const voxel::Generator& built) const override;

    [[nodiscard]] Ref<Resource> source() const;
    void set_source(const Ref<Resource>& source);

private:
    /// The source, which can be asked. \throws std::invalid_argument saying what is wrong with it.
    [[nodiscard]] Ref<Resource> checked_source() const;
    /// \throws std::invalid_argument saying what is wrong with the source, or with what it made.
    [[nodiscard]] std::shared_ptr<const voxel::Generator> ask_source() const;

    mutable Mutex mutex_;
    Ref<Resource> source_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
// A mesh in the RenderingServer.
#pragma once

#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/math.hpp"

#include <cstdint>
#include <utility>

namespace nebula::godot {

/// Owns a mesh of one surface.
///
/// Threads:   main thread; if may_be_made_on_workers(), any thread, one at a time.
class RendererMesh {
public:
    RendererMesh() = default;
    /// \param surface  as `mesh_add_surface` takes it.
    explicit RendererMesh(const Dictionary& surface);
    ~RendererMesh() { reset(); }
    RendererMesh(RendererMesh&& other) noexcept : rid_(std::exchange(other.rid_, {})) {}
    RendererMesh& operator=(RendererMesh&& other) noexcept {
        std::swap(rid_, other.rid_);
        return *this;
    }
    RendererMesh(const RendererMesh&) = delete;
    RendererMesh& operator=(const RendererMesh&) = delete;

    /// How far the mesh reaches, for culling and shadows; until then, the box of its surface counts.
    /// Main thread: it would be queued from elsewhere.
    void set_bounds(const AABB& bounds) const;

    [[nodiscard]] bool is_valid() const noexcept { return rid_.is_valid(); }
    [[nodiscard]] RID rid() const noexcept { return rid_; }
    void reset() noexcept;

    /// Whether this renderer makes meshes on the calling thread. The others either leave the work to
    /// the main thread (OpenGL), so that nothing would be won, or must not be called from elsewhere at
    /// all (headless).
    [[nodiscard]] static bool may_be_made_on_workers();

    /// Meshes that exist.
    [[nodiscard]] static std::int64_t count() noexcept;

private:
    RID rid_;
};

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/renderer_mesh.hpp"

#include "nebula/godot/api/rendering_server.hpp"

#include <atomic>
#include <string>

namespace nebula::godot {
namespace {

std::atomic<std::int64_t> meshes{0};  // a count; relaxed

}  // namespace

// The one call that such a renderer does not put into the main thread's queue.
RendererMesh::RendererMesh(const Dictionary& surface)
    : rid_(RenderingServer::singleton().mesh_create_from_surfaces(Array{surface})) {
    meshes.fetch_add(1, std::memory_order_relaxed);
}

void RendererMesh::set_bounds(const AABB& bounds) const {
    RenderingServer::singleton().mesh_set_custom_aabb(rid_, bounds);
}

void RendererMesh::reset() noexcept {
    if (!rid_.is_valid()) return;
    RenderingServer::singleton().free_rid(std::exchange(rid_, {}));
    meshes.fetch_sub(1, std::memory_order_relaxed);
}

bool RendererMesh::may_be_made_on_workers() {
    const RenderingServer server = RenderingServer::singleton();
    // Headless, the driver is the one that would have been used.
    if (server.get_video_adapter_name().utf8().empty()) return false;
    const std::string driver = server.get_current_rendering_driver_name().utf8();
    return driver == "vulkan" || driver == "d3d12" || driver == "metal";
}

std::int64_t RendererMesh::count() noexcept { return meshes.load(std::memory_order_relaxed); }

}  // namespace nebula::godot

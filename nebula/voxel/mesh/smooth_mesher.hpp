// SPDX-License-Identifier: MIT
// Turns the samples of a chunk into a smooth surface. README, "Smooth mesher", explains how.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <memory>
#include <tl/expected.hpp>

namespace nebula::voxel {

/// Meshes chunks one after another, using scratch memory that it keeps.
///
///     SmoothMesher mesher;
///     if (auto done = mesher.mesh(block, mesh); !done) report(done.error());
///
/// The mesh depends on the samples alone: the bytes are the same on every thread, processor and
/// compiler. Neighbouring chunks have bit-identical vertices on their common border, positions and
/// normals, and their triangles fit together edge to edge.
///
/// Threads:   any thread; mesh() never at once with itself on one object, so one object per worker.
/// Cost:      0.5 us for a chunk without a surface; otherwise in proportion to the surface, 2 to 4
///            ns per triangle, 9 to 15 us for a hillside, and a third more with strips on six faces
///            (bench/voxel/README.md, a shared 2-core machine). About 119 KB of scratch, and with
///            materials up to 16 bytes per vertex and 4 per index more. Allocates
///            only while `out` grows.
/// Throws:    std::bad_alloc if growing `out` fails. `out` is then unspecified; the mesher stays
///            usable.
class SmoothMesher {
public:
    SmoothMesher();
    ~SmoothMesher();
    SmoothMesher(SmoothMesher&&) noexcept;
    SmoothMesher& operator=(SmoothMesher&&) noexcept;

    /// Replaces `out` with the surface of `block`, which is an empty mesh if there is none.
    ///
    /// Fails with ZeroSample and an empty `out` if the block has a sample of 0: the code that wrote
    /// it broke rule 1 of the README. The message names `block.chunk`.
    [[nodiscard]] tl::expected<void, VoxelError> mesh(const SampleBlock& block, ChunkMesh& out);

    /// The same for a chunk with neighbours that are shown one level coarser: on the faces in
    /// `strips.mask`, the surface ends in exactly the vertices that the coarser chunk has there.
    /// Everywhere else it ends as without strips. A 0 among the samples of such a face is an error,
    /// too, and the message names the face. Without faces in the mask, this is mesh(block, out), to the byte.
    [[nodiscard]] tl::expected<void, VoxelError> mesh(const SampleBlock& block,
                                                      const StripSamples& strips, ChunkMesh& out);

    /// The same surface with the materials of its vertices: the same triangles in the same order, but
    /// a vertex occurs once for every set of materials that its triangles use (README, "Materials").
    /// Where neighbouring chunks, or levels, have a vertex in common, it has the same material. If all
    /// vertices have one material, this is mesh(block, strips, out), to the byte, and `out.material`.
    [[nodiscard]] tl::expected<void, VoxelError> mesh(const SampleBlock& block,
                                                      const StripSamples& strips,
                                                      const MaterialBlock& materials,
                                                      ChunkMesh& out);

private:
    struct Scratch;
    tl::expected<void, VoxelError> mesh_with(const SampleBlock& block, const StripSamples* strips,
                                             const MaterialBlock* materials, ChunkMesh& out);
    std::unique_ptr<Scratch> scratch_;
};

}  // namespace nebula::voxel

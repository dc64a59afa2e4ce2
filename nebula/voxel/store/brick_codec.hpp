// SPDX-License-Identifier: MIT
// Bricks as a few bytes, and back.
#pragma once

#include "nebula/voxel/field/brick.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

// As zstd.h declares them.
struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace nebula::voxel {

/// What a brick takes at most.
inline constexpr std::size_t kMostBrickBytes = 2 * kBrickSamples + 64;

/// Writes a brick as a list of channels: its distances, and placed materials if it has any. README,
/// "A brick's bytes".
///
/// Threads:   one at a time.
/// Cost:      some 15 microseconds and 700 bytes for a brick of hills; 3 bytes for a uniform one.
/// Throws:    std::bad_alloc.
class BrickEncoder {
public:
    BrickEncoder();
    ~BrickEncoder();
    BrickEncoder(const BrickEncoder&) = delete;
    BrickEncoder& operator=(const BrickEncoder&) = delete;

    void append(const Brick& brick, std::vector<std::byte>& out);

private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const noexcept;
    };
    /// A coding and its bytes: `bytes` compressed, or `raw` if that is shorter.
    void append_packed(std::byte coding, std::span<const std::byte> bytes,
                       std::span<const std::byte> raw, std::vector<std::byte>& out);

    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

/// Reads what BrickEncoder has written, and trusts none of it: any bytes give a brick that keeps the
/// layer's rules, or null.
///
/// Threads, Throws: as BrickEncoder.
class BrickDecoder {
public:
    BrickDecoder();
    ~BrickDecoder();
    BrickDecoder(const BrickDecoder&) = delete;
    BrickDecoder& operator=(const BrickDecoder&) = delete;

    /// Null if `bytes` are not exactly a brick.
    [[nodiscard]] BrickPtr decode(std::span<const std::byte> bytes);

private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const noexcept;
    };
    class Reader;
    [[nodiscard]] bool read_distances(Reader& in, Brick& brick);
    [[nodiscard]] bool read_materials(Reader& in, Brick& brick);
    /// Whether they were just as many.
    [[nodiscard]] bool unpack(std::span<const std::byte> packed, std::span<std::byte> out) noexcept;

    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace nebula::voxel

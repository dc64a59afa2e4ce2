// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/brick_codec.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/sample.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace nebula::voxel {

namespace {

// In files: a number's meaning never changes.
enum class Channel : std::uint8_t { Distance = 1 };
enum class Coding : std::uint8_t {
    Uniform = 1,   // one byte, the value of all
    Raw = 2,       // a byte per sample
    Residual = 3,  // two bytes, the length of what follows: zstd of the residuals
};

constexpr int kLevel = 1;  // README, "Tried and dropped"
// Shorter matches cost more than the bytes that they save: with 6, the level's own, bricks of hills
// take 731 bytes instead of 691.
constexpr int kLeastMatch = 7;
constexpr std::size_t kRow = kBrickSize;
constexpr std::size_t kPlane = kRow * kRow;

using Bytes = std::array<std::uint8_t, kBrickSamples>;

// What is left of each sample when its neighbours have predicted it: the difference along x of the
// difference along y of the difference along z, modulo 256. From one place into another, so that the
// compiler makes vectors of them.
Bytes residuals_of(const std::array<Sample, kBrickSamples>& samples) noexcept {
    Bytes s;
    std::memcpy(s.data(), samples.data(), s.size());
    Bytes z = s;
    for (std::size_t i = kPlane; i < kBrickSamples; ++i)
        z[i] = static_cast<std::uint8_t>(s[i] - s[i - kPlane]);
    Bytes y = z;
    for (std::size_t plane = 0; plane < kBrickSamples; plane += kPlane)
        for (std::size_t i = plane + kRow; i < plane + kPlane; ++i)
            y[i] = static_cast<std::uint8_t>(z[i] - z[i - kRow]);
    Bytes x = y;
    for (std::size_t row = 0; row < kBrickSamples; row += kRow)
        for (std::size_t i = row + 1; i < row + kRow; ++i)
            x[i] = static_cast<std::uint8_t>(y[i] - y[i - 1]);
    return x;
}

void from_residuals(Bytes& b) noexcept {
    for (std::size_t row = 0; row < kBrickSamples; row += kRow)
        for (std::size_t x = 1; x < kRow; ++x)
            b[row + x] = static_cast<std::uint8_t>(b[row + x] + b[row + x - 1]);
    for (std::size_t plane = 0; plane < kBrickSamples; plane += kPlane)
        for (std::size_t i = plane + kRow; i < plane + kPlane; ++i)
            b[i] = static_cast<std::uint8_t>(b[i] + b[i - kRow]);
    for (std::size_t i = kPlane; i < kBrickSamples; ++i)
        b[i] = static_cast<std::uint8_t>(b[i] + b[i - kPlane]);
}

// The front of what has not been read yet.
class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
    [[nodiscard]] bool at_end() const noexcept { return bytes_.empty(); }
    /// Nothing if fewer are left.
    [[nodiscard]] std::span<const std::byte> take(std::size_t count) noexcept {
        if (count > bytes_.size()) return {};
        const auto taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }

private:
    std::span<const std::byte> bytes_;
};

}  // namespace

void BrickEncoder::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void BrickDecoder::Free::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

BrickEncoder::BrickEncoder() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_minMatch, kLeastMatch);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_contentSizeFlag, 0);  // always kBrickSamples
}
BrickEncoder::~BrickEncoder() = default;

void BrickEncoder::append(const Brick& brick, std::vector<std::byte>& out) {
    const auto put = [&out](auto value) { out.push_back(static_cast<std::byte>(value)); };
    put(Channel::Distance);
    const Sample first = brick.samples.front();
    if (std::ranges::all_of(brick.samples, [first](Sample s) { return s == first; })) {
        put(Coding::Uniform);
        put(first);
        return;
    }
    const Bytes residuals = residuals_of(brick.samples);
    const std::size_t start = out.size();
    constexpr std::size_t head_bytes = 3;
    out.resize(start + head_bytes + kBrickSamples);
    // Fails if there is no room: more bytes than the samples have are of no use.
    const std::size_t length =
        ZSTD_compress2(context_.get(), out.data() + start + head_bytes, kBrickSamples - head_bytes,
                       residuals.data(), residuals.size());
    if (ZSTD_isError(length) != 0U) {
        out[start] = static_cast<std::byte>(Coding::Raw);
        std::memcpy(out.data() + start + 1, brick.samples.data(), kBrickSamples);
        out.resize(start + 1 + kBrickSamples);
        return;
    }
    out[start] = static_cast<std::byte>(Coding::Residual);
    out[start + 1] = static_cast<std::byte>(length & 0xFFU);
    out[start + 2] = static_cast<std::byte>(length >> 8U);
    out.resize(start + head_bytes + length);
}

BrickDecoder::BrickDecoder() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
}
BrickDecoder::~BrickDecoder() = default;

BrickPtr BrickDecoder::decode(std::span<const std::byte> bytes) {
    Reader in(bytes);
    const auto head = in.take(2);
    if (head.empty() || static_cast<Channel>(head[0]) != Channel::Distance) return nullptr;
    auto brick = std::make_unique_for_overwrite<Brick>();
    switch (static_cast<Coding>(head[1])) {
        case Coding::Uniform: {
            const auto value = in.take(1);
            if (value.empty()) return nullptr;
            brick->samples.fill(static_cast<Sample>(value[0]));
            break;
        }
        case Coding::Raw: {
            const auto samples = in.take(kBrickSamples);
            if (samples.empty()) return nullptr;
            std::memcpy(brick->samples.data(), samples.data(), kBrickSamples);
            break;
        }
        case Coding::Residual: {
            const auto length = in.take(2);
            if (length.empty()) return nullptr;
            const auto packed = in.take(std::to_integer<std::size_t>(length[0]) |
                                        std::to_integer<std::size_t>(length[1]) << 8U);
            if (packed.empty()) return nullptr;
            Bytes residuals;
            const std::size_t got = ZSTD_decompressDCtx(
                context_.get(), residuals.data(), residuals.size(), packed.data(), packed.size());
            if (got != residuals.size()) return nullptr;
            from_residuals(residuals);
            std::memcpy(brick->samples.data(), residuals.data(), residuals.size());
            break;
        }
        default:
            return nullptr;
    }
    // A later channel would be lost with the next save, so a brick that has one is not understood.
    if (!in.at_end()) return nullptr;
    // Rule 1 of the layer, and the range of a sample.
    if (std::ranges::any_of(brick->samples,
                            [](Sample s) { return s == 0 || s < kSampleMin || s > kSampleMax; }))
        return nullptr;
    return keep_brick(std::move(brick));
}

}  // namespace nebula::voxel

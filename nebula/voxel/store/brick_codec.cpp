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
enum class Channel : std::uint8_t { Distance = 1, Material = 2 };
enum class Coding : std::uint8_t {
    Uniform = 1,   // one byte, the value of all
    Raw = 2,       // a byte per sample
    Residual = 3,  // two bytes, the length of what follows: zstd of the residuals
    Packed = 4,    // two bytes, the length of what follows: zstd of a byte per sample
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
    } else {
        const Bytes residuals = residuals_of(brick.samples);
        append_packed(static_cast<std::byte>(Coding::Residual), std::as_bytes(std::span(residuals)),
                      std::as_bytes(std::span(brick.samples)), out);
    }
    if (brick.placed.none()) return;
    put(Channel::Material);
    if (const PlacedMaterials::Array* materials = brick.placed.array()) {
        const auto all = std::as_bytes(std::span(*materials));
        append_packed(static_cast<std::byte>(Coding::Packed), all, all, out);
    } else {
        put(Coding::Uniform);
        put(brick.placed.uniform());
    }
}

void BrickEncoder::append_packed(std::byte coding, std::span<const std::byte> bytes,
                                 std::span<const std::byte> raw, std::vector<std::byte>& out) {
    const std::size_t start = out.size();
    constexpr std::size_t head_bytes = 3;
    out.resize(start + head_bytes + raw.size());
    // Fails if there is no room: more bytes than the samples have are of no use.
    const std::size_t length = ZSTD_compress2(context_.get(), out.data() + start + head_bytes,
                                              raw.size() - head_bytes, bytes.data(), bytes.size());
    if (ZSTD_isError(length) != 0U) {
        out[start] = static_cast<std::byte>(Coding::Raw);
        std::memcpy(out.data() + start + 1, raw.data(), raw.size());
        out.resize(start + 1 + raw.size());
        return;
    }
    out[start] = coding;
    out[start + 1] = static_cast<std::byte>(length & 0xFFU);
    out[start + 2] = static_cast<std::byte>(length >> 8U);
    out.resize(start + head_bytes + length);
}

BrickDecoder::BrickDecoder() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
}
BrickDecoder::~BrickDecoder() = default;

// The front of what has not been read yet.
class BrickDecoder::Reader {
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
    /// -1 if there is none.
    [[nodiscard]] int byte() noexcept {
        const auto one = take(1);
        return one.empty() ? -1 : std::to_integer<int>(one[0]);
    }
    /// As many as two bytes in front of them say.
    [[nodiscard]] std::span<const std::byte> take_counted() noexcept {
        const auto length = take(2);
        if (length.empty()) return {};
        return take(std::to_integer<std::size_t>(length[0]) |
                    std::to_integer<std::size_t>(length[1]) << 8U);
    }
    [[nodiscard]] bool copy_to(std::span<std::byte> out) noexcept {
        const auto bytes = take(out.size());
        std::ranges::copy(bytes, out.begin());
        return !bytes.empty();
    }

private:
    std::span<const std::byte> bytes_;
};

bool BrickDecoder::unpack(std::span<const std::byte> packed, std::span<std::byte> out) noexcept {
    return ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), packed.data(),
                               packed.size()) == out.size();
}

BrickPtr BrickDecoder::decode(std::span<const std::byte> bytes) {
    Reader in(bytes);
    auto brick = std::make_unique_for_overwrite<Brick>();
    // A channel that is not known would be lost with the next save, so a brick that has one is not
    // understood.
    if (in.byte() != static_cast<int>(Channel::Distance) || !read_distances(in, *brick))
        return nullptr;
    if (!in.at_end() &&
        (in.byte() != static_cast<int>(Channel::Material) || !read_materials(in, *brick)))
        return nullptr;
    if (!in.at_end()) return nullptr;
    return keep_brick(std::move(brick));
}

bool BrickDecoder::read_distances(Reader& in, Brick& brick) {
    const auto samples = std::as_writable_bytes(std::span(brick.samples));
    switch (static_cast<Coding>(in.byte())) {
        case Coding::Uniform: {
            const auto value = in.take(1);
            if (value.empty()) return false;
            brick.samples.fill(static_cast<Sample>(value[0]));
            break;
        }
        case Coding::Raw: {
            if (!in.copy_to(samples)) return false;
            break;
        }
        case Coding::Residual: {
            Bytes residuals;
            if (!unpack(in.take_counted(), std::as_writable_bytes(std::span(residuals))))
                return false;
            from_residuals(residuals);
            std::memcpy(samples.data(), residuals.data(), residuals.size());
            break;
        }
        default:
            return false;
    }
    // Rule 1 of the layer, and the range of a sample.
    return std::ranges::none_of(
        brick.samples, [](Sample s) { return s == 0 || s < kSampleMin || s > kSampleMax; });
}

bool BrickDecoder::read_materials(Reader& in, Brick& brick) {
    if (std::ranges::none_of(brick.samples, is_inside)) return false;  // only ground has any
    const int coding = in.byte();
    if (coding == static_cast<int>(Coding::Uniform)) {
        const int material = in.byte();
        if (material < 0 || material >= kMaterials) return false;
        brick.placed = PlacedMaterials::uniform(static_cast<Material>(material));
        return true;
    }
    auto materials = std::make_shared<PlacedMaterials::Array>();
    const auto all = std::as_writable_bytes(std::span(*materials));
    if (coding == static_cast<int>(Coding::Raw)) {
        if (!in.copy_to(all)) return false;
    } else if (coding != static_cast<int>(Coding::Packed) || !unpack(in.take_counted(), all)) {
        return false;
    }
    bool is_placed = false;
    for (std::size_t i = 0; i < kBrickSamples; ++i) {
        const Material material = (*materials)[i];
        if (material == kNotPlaced) continue;
        if (material >= kMaterials || !is_inside(brick.samples[i])) return false;
        is_placed = true;
    }
    if (!is_placed) return false;
    brick.placed = PlacedMaterials::mixed(std::move(materials));
    return true;
}

}  // namespace nebula::voxel

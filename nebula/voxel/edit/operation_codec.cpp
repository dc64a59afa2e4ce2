// SPDX-License-Identifier: MIT
// The record of an operation: little endian, floats as their bits.
//
//     u8 version, u8 mode, f32 strength, f32 falloff, f32[6] target, u32 user, u32 stroke,
//     u8 shape (its index in the variant), and the shape's members in their order;
//     from version 2 on, in front of the shape: u8 material, u64[2] mask, u8 count of hardnesses, and for
//     each u8 material, f32 hardness;
//     a path: u32 count, points, radius; a stamp: place, rotation, i32[3] size, i16[] distances, and in
//     version 3 u8[] materials
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/space/hash_bytes.hpp"

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace nebula::voxel {

namespace {

// Records and hashes of operations that say nothing about materials, and of those whose stamp has none, are
// those of earlier programs.
constexpr std::uint8_t kWithoutMaterials = 1;
constexpr std::uint8_t kWithMaterials = 2;
constexpr std::uint8_t kStampWithMaterials = 3;

class Writer {
public:
    explicit Writer(std::vector<std::byte>& out) : out_(out) {}

    template <std::integral T>
    void operator()(T value) {
        const auto bits = static_cast<std::make_unsigned_t<T>>(value);
        for (std::size_t i = 0; i < sizeof(T); ++i)
            out_.push_back(
                static_cast<std::byte>(static_cast<std::uint64_t>(bits) >> (8 * i) & 0xFFU));
    }
    void operator()(float value) { (*this)(std::bit_cast<std::uint32_t>(value)); }

private:
    std::vector<std::byte>& out_;
};

// After the first byte that is not there, everything is 0, and ok() false.
class Reader {
public:
    explicit Reader(std::span<const std::byte> in) : in_(in) {}

    template <std::integral T>
    void operator()(T& value) {
        std::uint64_t bits = 0;
        if (in_.size() < sizeof(T)) {
            ok_ = false;
            in_ = {};
        } else {
            for (std::size_t i = 0; i < sizeof(T); ++i)
                bits |= static_cast<std::uint64_t>(in_[i]) << (8 * i);
            in_ = in_.subspan(sizeof(T));
        }
        value = static_cast<T>(static_cast<std::make_unsigned_t<T>>(bits));
    }
    void operator()(float& value) {
        std::uint32_t bits = 0;
        (*this)(bits);
        value = std::bit_cast<float>(bits);
    }

    void fail() { ok_ = false; }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t left() const { return in_.size(); }

private:
    std::span<const std::byte> in_;
    bool ok_ = true;
};

// Each lists the members once, for the writer and the reader.
template <class IO, class V>
void members(IO& io, V& v)
    requires std::same_as<std::remove_const_t<V>, Vec3f> ||
             std::same_as<std::remove_const_t<V>, Vec3i>
{
    io(v.x);
    io(v.y);
    io(v.z);
}
template <class IO, class R>
void members(IO& io, R& r)
    requires std::same_as<std::remove_const_t<R>, Rotation>
{
    io(r.x);
    io(r.y);
    io(r.z);
    io(r.w);
}
template <class IO, class S>
void members(IO& io, S& s)
    requires std::same_as<std::remove_const_t<S>, SphereShape>
{
    members(io, s.centre);
    io(s.radius);
    members(io, s.proportions);
}
template <class IO, class S>
void members(IO& io, S& s)
    requires std::same_as<std::remove_const_t<S>, BoxShape>
{
    members(io, s.centre);
    members(io, s.half_size);
    members(io, s.rotation);
}
template <class IO, class S>
void members(IO& io, S& s)
    requires std::same_as<std::remove_const_t<S>, ConeShape>
{
    members(io, s.from);
    members(io, s.to);
    io(s.radius_from);
    io(s.radius_to);
}
template <class IO, class S>
void members(IO& io, S& s)
    requires std::same_as<std::remove_const_t<S>, PlaneCutShape>
{
    members(io, s.point);
    members(io, s.normal);
    members(io, s.half_size);
}

void members(Writer& out, const CapsulePathShape& path) {
    out(static_cast<std::uint32_t>(path.points.size()));
    for (const Vec3f& point : path.points) members(out, point);
    out(path.radius);
}
void members(Reader& in, CapsulePathShape& path) {
    std::uint32_t count = 0;
    in(count);
    // Not more than a path may have, whatever the record claims: check() refuses the rest.
    path.points.resize(std::min<std::size_t>(count, kMostPathPoints + 1));
    for (Vec3f& point : path.points) members(in, point);
    in(path.radius);
}

void members(Writer& out, const StampShape& stamp) {
    members(out, stamp.at);
    members(out, stamp.rotation);
    const Vec3i size = stamp.grid == nullptr ? Vec3i{} : stamp.grid->size;
    members(out, size);
    if (stamp.grid == nullptr) return;  // parse() refuses the record, as check() the stamp
    for (const std::int16_t distance : stamp.grid->distances) out(distance);
    for (const Material material : stamp.grid->materials) out(material);
}
void members(Reader& in, StampShape& stamp, bool has_materials) {
    members(in, stamp.at);
    members(in, stamp.rotation);
    auto grid = std::make_shared<DistanceGrid>();
    members(in, grid->size);
    const auto fits = [](std::int32_t edge) { return edge >= 2 && edge <= kMostGridEdge; };
    if (fits(grid->size.x) && fits(grid->size.y) && fits(grid->size.z)) {
        const std::size_t count = grid->index(0, 0, grid->size.z);
        if (in.left() >= count * sizeof(std::int16_t)) {
            grid->distances.resize(count);
            for (std::int16_t& distance : grid->distances) in(distance);
        }
        if (has_materials && in.left() >= count) {
            grid->materials.resize(count);
            for (Material& material : grid->materials) in(material);
        } else if (has_materials) {
            in.fail();
        }
    }
    stamp.grid = std::move(grid);  // check() refuses it if anything is missing
}

template <class IO, class O>
void head(IO& io, O& operation) {
    io(operation.strength);
    io(operation.falloff);
    members(io, operation.target.point);
    members(io, operation.target.normal);
    io(operation.user);
    io(operation.stroke);
}

bool names_materials(const Operation& o) {
    return o.material != 0 || !o.only.all() || !o.hardness.empty();
}

std::uint8_t version_of(const Operation& operation) {
    const auto* stamp = std::get_if<StampShape>(&operation.shape);
    if (stamp != nullptr && stamp->grid != nullptr && !stamp->grid->materials.empty())
        return kStampWithMaterials;
    return names_materials(operation) ? kWithMaterials : kWithoutMaterials;
}

void materials(Writer& out, const Operation& operation) {
    out(operation.material);
    for (const std::uint64_t word : operation.only.bits()) out(word);
    out(static_cast<std::uint8_t>(operation.hardness.size()));
    for (const MaterialHardness& hard : operation.hardness) {
        out(hard.material);
        out(hard.hardness);
    }
}
void materials(Reader& in, Operation& operation) {
    in(operation.material);
    MaterialSet::Bits bits{};
    for (std::uint64_t& word : bits) in(word);
    operation.only = MaterialSet(bits);
    std::uint8_t count = 0;
    in(count);
    operation.hardness.resize(count);
    for (MaterialHardness& hard : operation.hardness) {
        in(hard.material);
        in(hard.hardness);
    }
}

template <std::size_t I = 0>
Shape shape_of_kind(std::size_t kind) {
    if constexpr (I + 1 < std::variant_size_v<Shape>)
        if (kind != I) return shape_of_kind<I + 1>(kind);
    return Shape(std::in_place_index<I>);
}

tl::unexpected<VoxelError> bad_record(const char* message) {
    return tl::unexpected(VoxelError{VoxelError::Kind::BadData, message});
}

}  // namespace

void serialise(const Operation& operation, std::vector<std::byte>& out) {
    Writer write(out);
    const std::uint8_t version = version_of(operation);
    write(version);
    write(static_cast<std::uint8_t>(operation.mode));
    head(write, operation);
    if (version >= kWithMaterials) materials(write, operation);
    write(static_cast<std::uint8_t>(operation.shape.index()));
    std::visit([&](const auto& shape) { members(write, shape); }, operation.shape);
}

tl::expected<Operation, VoxelError> parse(std::span<const std::byte> record) {
    try {
        Reader read(record);
        std::uint8_t version = 0;
        std::uint8_t mode = 0;
        std::uint8_t kind = 0;
        read(version);
        if (version < kWithoutMaterials || version > kStampWithMaterials)
            return bad_record(
                "the record of an edit is of a version that this program does not know");
        read(mode);
        Operation operation;
        operation.mode = static_cast<Mode>(mode);
        head(read, operation);
        if (version >= kWithMaterials) materials(read, operation);
        read(kind);
        if (!read.ok()) return bad_record("the record of an edit is cut off");
        if (kind >= std::variant_size_v<Shape>)
            return bad_record("the record of an edit has an unknown shape");
        operation.shape = shape_of_kind(kind);
        if (version == kStampWithMaterials && !std::holds_alternative<StampShape>(operation.shape))
            return bad_record("the record of an edit has a stamp's materials, but no stamp");
        const auto read_shape = [&](auto& shape) {
            if constexpr (std::same_as<std::remove_cvref_t<decltype(shape)>, StampShape>)
                members(read, shape, version == kStampWithMaterials);
            else
                members(read, shape);
        };
        std::visit(read_shape, operation.shape);
        if (!read.ok()) return bad_record("the record of an edit is cut off");
        if (auto fault = check(operation, kMaxBigEditRadius))
            return tl::unexpected(std::move(*fault));
        if (read.left() > 0) return bad_record("the record of an edit is longer than the edit");
        return operation;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

std::uint64_t hash_of(const Operation& operation) {
    std::vector<std::byte> record;
    serialise(operation, record);
    return hash_bytes(record);
}

}  // namespace nebula::voxel

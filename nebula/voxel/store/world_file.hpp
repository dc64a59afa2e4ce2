// SPDX-License-Identifier: MIT
// A world in one file: what was changed, and how it came about.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/store/brick_codec.hpp"
#include "nebula/voxel/store/brick_key.hpp"
#include "nebula/voxel/store/brick_keys.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

// As sqlite3.h declares them.
struct sqlite3;
struct sqlite3_stmt;

namespace nebula::voxel {

struct WorldFileSettings {
    /// What the game's generator is, in words of its own: kept in a new file, compared with those
    /// of an old one.
    std::string generator{};
    /// What a voxel is, the same way.
    std::string units{};
    bool create = true;      ///< If there is no file. Never if it is opened for reading only.
    bool read_only = false;  ///< Also chosen if the system allows nothing else.
    std::string vfs{};       ///< SQLite's name of a file system; empty: its default.
    /// If there is no file: makes one at the path that it is given, which is not the world's own yet, as
    /// copy_world() does. Null: the world begins without a brick.
    std::function<tl::expected<void, VoxelError>(const std::string& path)> begin_with{};
};

/// What was found in a file that could be opened.
struct WorldFileReport {
    bool created = false;
    bool read_only = false;
    /// The file's own words, if they are not those in the settings. Bricks that were made by another
    /// generator do not fit what surrounds them. The next save notes the settings' words, so whoever
    /// goes on with the file is told once.
    std::string other_generator;
    std::string other_units;
    std::size_t bricks = 0;
    /// The box that export_to() was asked for, in voxels of level 0, if the file is its work and was not
    /// saved to since.
    std::optional<Box3i> region;
    std::uint64_t last_operation = 0;  ///< The highest sequence number; 0: none.
    /// One sentence about what is wrong with the file although it could be opened; or empty.
    std::string warning;
};

/// A brick's bytes as they lie in a file: encoded and sealed under its key.
struct PackedBrick {
    BrickKey key = 0;
    std::vector<std::byte> bytes;
};

/// The longest record of an operation: that of the largest stamp, 256^3 points of two bytes, is half as
/// long.
inline constexpr std::size_t kMostRecordBytes = std::size_t{64} << 20U;

/// What a caller of the world did, in its own encoding.
struct StoredOperation {
    std::uint64_t sequence = 0;     ///< From 1.
    std::vector<std::byte> record;  ///< At most kMostRecordBytes.
};

/// A world in an SQLite file in WAL mode, opened by nobody else meanwhile. README.md has the tables,
/// and what becomes of a damaged file.
///
/// Threads:   one at a time.
/// Cost:      every call waits for the disk. open reads what names the stored bricks, about a
///            byte and a half for each, and none of the bricks.
/// Lifetime:  the destructor leaves one file, without the `-wal` beside it.
/// Errors:    each has one sentence with the file's name and what to do. After an error nothing of
///            the call has happened, and the object stays usable.
class WorldFile {
public:
    [[nodiscard]] static tl::expected<std::unique_ptr<WorldFile>, VoxelError> open(
        const std::string& path, const WorldFileSettings& settings) noexcept;
    ~WorldFile();
    WorldFile(const WorldFile&) = delete;
    WorldFile& operator=(const WorldFile&) = delete;

    [[nodiscard]] const WorldFileReport& report() const noexcept { return report_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] const BrickKeys& keys() const noexcept { return keys_; }
    /// Bricks that were found damaged so far. They count as not stored.
    [[nodiscard]] std::size_t damaged() const noexcept { return damaged_.size(); }

    /// Null if the brick is not stored, or is damaged.
    [[nodiscard]] tl::expected<BrickPtr, VoxelError> read(BrickKey key) noexcept;
    /// Of the operations after `sequence`, the first `most`, in order. Damaged ones are left out.
    [[nodiscard]] tl::expected<std::vector<StoredOperation>, VoxelError> read_operations(
        std::uint64_t after, std::size_t most) noexcept;

    // A save: begin, any number of writes, and a commit, after which all of it survives whatever
    // happens. Whatever of them fails has undone them all.
    [[nodiscard]] tl::expected<void, VoxelError> begin() noexcept;
    [[nodiscard]] tl::expected<void, VoxelError> write(
        std::span<const PackedBrick> bricks) noexcept;
    /// Of bricks that are pristine again. No key may be erased and written in one save, nor read after
    /// it was erased, before the commit.
    [[nodiscard]] tl::expected<void, VoxelError> erase(std::span<const BrickKey> keys) noexcept;
    [[nodiscard]] tl::expected<void, VoxelError> write(
        std::span<const StoredOperation> operations) noexcept;
    [[nodiscard]] tl::expected<void, VoxelError> commit() noexcept;
    /// What write() takes.
    /// \throws std::bad_alloc.
    void pack(BrickKey key, const Brick& brick, PackedBrick& out);
    /// Moves saved pages to where they belong, which a save does not wait for. False: not all of them.
    bool checkpoint() noexcept;
    /// Ends the checkpoint that is under way, from any thread; the next one begins it anew. Not while anything
    /// else is: that would fail.
    void stop_checkpoint() noexcept;

    /// What the world has and the file has not.
    struct Unsaved {
        std::span<const PackedBrick> bricks;
        std::span<const BrickKey> pristine;
    };
    /// Writes a new world file with the intact bricks that have a voxel in `voxels` of level 0, on
    /// all levels, and with the operations if `with_operations`. `unsaved` goes before what the file has.
    /// There must be no file of this name. Returns how many bricks it has. `pause` is called now and then, and
    /// may read().
    [[nodiscard]] tl::expected<std::size_t, VoxelError> export_to(
        const std::string& path, const Box3i& voxels, bool with_operations,
        const Unsaved& unsaved = {}, const std::function<void()>& pause = {}) noexcept;

private:
    struct CloseDatabase {
        void operator()(sqlite3* database) const noexcept;
    };
    struct FinishStatement {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;
    class Query;
    class OpenName;

    WorldFile() = default;
    /// Makes a new file with empty tables, ready to be written.
    static tl::expected<std::unique_ptr<WorldFile>, VoxelError> make(
        const std::string& path, const WorldFileSettings& settings);
    static tl::expected<void, VoxelError> make_empty(const std::string& path,
                                                     const WorldFileSettings& settings);
    tl::expected<void, VoxelError> open_database(const WorldFileSettings& settings, int flags);
    tl::expected<void, VoxelError> make_tables(const WorldFileSettings& settings);
    tl::expected<void, VoxelError> note_region(const Box3i& voxels);
    tl::expected<void, VoxelError> lock(const WorldFileSettings& settings);
    tl::expected<void, VoxelError> check_format();
    tl::expected<void, VoxelError> prepare_statements();
    tl::expected<void, VoxelError> read_meta(const WorldFileSettings& settings);
    void read_keys();
    void salvage_keys();
    void found_broken();

    /// These return one of SQLite's codes.
    int run(const char* sql) noexcept;
    int set_meta(const char* name, const std::string& value) noexcept;
    int save_meta() noexcept;
    [[nodiscard]] int step_up(std::int32_t format) noexcept;
    [[nodiscard]] VoxelError error(int code, const char* doing) const;
    tl::unexpected<VoxelError> undo(VoxelError why) noexcept;
    tl::unexpected<VoxelError> fail_save(int code);
    tl::expected<void, VoxelError> check_begun();

    std::string path_, vfs_, generator_, units_;
    std::string told_generator_, told_units_;  // of who opened it
    bool is_meta_saved_ = false;
    WorldFileReport report_;
    BrickKeys keys_;
    struct Change {
        BrickKey key;
        bool is_stored;  // or erased
    };
    std::vector<Change> saving_;  // what the save under way has done
    std::unordered_set<BrickKey> damaged_;
    bool broken_ = false;  // the database itself is damaged: it is not written to any more
    BrickEncoder encoder_;
    BrickDecoder decoder_;
    std::unique_ptr<OpenName> open_name_;  // before the database, which is closed first
    std::unique_ptr<sqlite3, CloseDatabase> database_;
    // After the database, which must be closed last.
    Statement read_brick_, write_brick_, erase_brick_, set_aside_, write_page_, write_operation_,
        read_operations_;
};

}  // namespace nebula::voxel

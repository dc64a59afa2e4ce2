// SPDX-License-Identifier: MIT
// Loads a world from its file, and keeps the file up to date.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/store/world_file.hpp"
#include "nebula/voxel/store/world_store.hpp"
#include "nebula/voxel/world/world.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

namespace nebula::voxel {

struct WorldSaverSettings {
    WorldFileSettings file{};
    /// How long a change waits for a save that nobody asked for. 0: forever. It is sooner when what is unsaved
    /// takes half of the memory limit. A file that can only be
    /// read is saved to, and the attempt fails, only on demand.
    std::chrono::milliseconds autosave{30'000};
    /// How many bytes of bricks that were edited and saved stay in memory, in about equal parts those that were
    /// saved last, and those that were read last. All others are read from the file when somebody asks for
    /// them (FileBricks). Not set: all of the file is loaded when it is opened, and stays.
    std::optional<std::size_t> memory_limit{};
    Clock::time_point (*now)() = Clock::now;
    /// Told of each save that has ended, whoever asked for it, before its callers are; or null.
    std::function<void(const tl::expected<SaveReport, VoxelError>&)> after_save{};
};

/// What connects a World to its file.
///
/// First it opens the file, and loads all that is stored unless there is a memory limit; the world refuses edits
/// meanwhile. Then it saves, when it
/// is asked to and by itself. While a save is under way, all calls for another one share the next,
/// which begins when that has ended.
///
///     WorldSaver saver(world, "user/slot1.nebula", {.file = {.generator = "hills 7"}});
///     saver.update();                                   // once a frame
///     saver.save([](const auto& saved) { … });
///
/// Threads:   owner thread of the world.
/// Cost:      update: some 0.2 microseconds per brick that was loaded or saved, of which it takes at
///            most kBricksAtOnce per answer while it loads, and kEndedAtOnce when a save ends. Beginning a save: a look-up for each
///            unsaved brick.
/// Lifetime:  the world must outlive it. The destructor finishes a save that has begun; what was not
///            saved by then is lost; call finish() first if nothing may be. The world stays usable: bricks of that save count as unsaved. What was not in memory cannot be read any more. If it
///            was still being loaded, it has what had come by then, and can be edited.
/// Throws:    std::bad_alloc, and std::system_error if there can be no thread. A failed save is an
///            answer, not an exception.
class WorldSaver {
public:
    static constexpr std::size_t kBricksAtOnce = 256;
    /// Of a save that ends; some 0.2 us each.
    static constexpr std::size_t kEndedAtOnce = 8192;

    /// The world must be untouched. Otherwise the saver is Failed: bricks that were edited before would
    /// be mixed with those of the file.
    WorldSaver(World& world, std::string path, WorldSaverSettings settings);
    ~WorldSaver();
    WorldSaver(const WorldSaver&) = delete;
    WorldSaver& operator=(const WorldSaver&) = delete;

    enum class State {
        Loading,
        Ready,
        Failed,  ///< error() says why; the world cannot be edited.
    };
    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] const VoxelError& error() const noexcept { return error_; }
    /// Since it is no longer loading.
    [[nodiscard]] const WorldFileReport& report() const noexcept { return report_; }
    /// Stored bricks that could not be read, and are pristine now. With a memory limit, as far as somebody has
    /// asked for them.
    [[nodiscard]] std::size_t damaged() const noexcept {
        return settings_.memory_limit ? store_.damaged() : damaged_;
    }

    /// Answers when all that was changed until now is durable, or with the reason why it is not. If
    /// this call throws, there will be no answer. What an answer throws leaves update() or wait(),
    /// after all others have been given.
    void save(WorldStore::Answer<SaveReport> answer);
    /// Saves, and writes what was changed in a box of voxels of level 0 to a new file: see
    /// WorldFile::export_to. If the world cannot be saved, because its file is damaged or cannot be written
    /// to, the new file has what can be read of it and all that was changed since, so a box around
    /// everything rescues such a world. Answers how many bricks it has.
    void export_region(std::string path, const Box3i& voxels,
                       WorldStore::Answer<std::size_t> answer);
    /// A record for the file's list of operations, saved with the next save. Returns its sequence
    /// number; 0 if the record is longer than kMostRecordBytes, and then it is not saved. Not while
    /// loading.
    [[nodiscard]] std::uint64_t note_operation(std::vector<std::byte> record);
    /// Carries on what it does, and gives answers.
    void update();
    /// The same, until nothing is under way.
    void wait();
    /// Waits until all that was changed is durable, or tells why it is not. Nothing can be unsaved
    /// unless it is Ready, so it does not wait for a world that is still being loaded.
    [[nodiscard]] tl::expected<void, VoxelError> finish();
    /// Whether something was changed that is in no save, not even in one under way.
    [[nodiscard]] bool has_unsaved() const noexcept;
    [[nodiscard]] bool is_saving() const noexcept { return saving_; }
    /// Saves that failed, asked for or not.
    [[nodiscard]] std::uint64_t failed_saves() const noexcept { return failed_saves_; }

    [[nodiscard]] WorldStore& store() noexcept { return store_; }

private:
    using SaveResult = tl::expected<SaveReport, VoxelError>;
    void load_more();
    void publish(std::vector<FetchedBrick>& bricks);
    void fail(VoxelError error);
    /// All of them, even if some throw; then what the first one threw leaves this call.
    static void answer_all(std::vector<WorldStore::Answer<SaveReport>> answers,
                           const SaveResult& result);
    /// From now on, the world has what the file has.
    void keep_in_file();
    void note_saved(std::span<const BrickId> bricks);
    void drop_saved();
    [[nodiscard]] bool is_full() const noexcept;
    void begin_save();
    /// It is durable, or has failed: what follows from that, some bricks in each call.
    void end_more();
    void end_save();

    World& world_;
    const WorldSaverSettings settings_;
    State state_ = State::Loading;
    VoxelError error_;
    WorldFileReport report_;
    bool opened_ = false;
    std::vector<BrickKey> to_load_;
    std::size_t loading_ = 0;  // batches under way
    std::size_t damaged_ = 0;
    // Bricks that may leave the memory, about in the order in which they were saved; none twice.
    std::deque<BrickId> saved_;
    std::unordered_set<BrickId, BrickIdHash> is_listed_;

    bool saving_ = false;
    std::optional<SaveResult> saved_result_;  // of the save under way, while it ends
    Clock::time_point last_save_;
    std::vector<StoredOperation> operations_;  // not saved
    std::size_t saving_operations_ = 0;        // how many of them are in the save under way
    std::uint64_t last_operation_ = 0;
    std::vector<WorldStore::Answer<SaveReport>> answers_;  // of the save under way
    std::vector<WorldStore::Answer<SaveReport>> next_;     // of the one after it
    std::uint64_t failed_saves_ = 0;
    bool has_failed_ = false;  // the last save
    WorldStore store_;         // last: its answers use the rest
};

}  // namespace nebula::voxel

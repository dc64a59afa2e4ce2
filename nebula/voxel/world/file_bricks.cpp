// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/file_bricks.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace nebula::voxel {

namespace {

// The keys of a box's bricks, one after the other.
class KeysOf {
public:
    KeysOf(const Box3i& bricks, Level level) noexcept
        : bricks_(bricks), level_(level), at_(bricks.min) {}
    /// False: there are no more.
    bool next(BrickKey& key) noexcept {
        while (at_.z < bricks_.max.z) {
            const auto found = key_of({at_, level_});
            if (++at_.x == bricks_.max.x) {
                at_.x = bricks_.min.x;
                if (++at_.y == bricks_.max.y) {
                    at_.y = bricks_.min.y;
                    ++at_.z;
                }
            }
            if (!found) continue;
            key = *found;
            return true;
        }
        return false;
    }

private:
    Box3i bricks_;
    Level level_;
    Vec3i at_;
};

// More than a chunk's block and its strips read.
constexpr std::size_t kLeastCached = 512 * sizeof(Brick);

// One that could not be read counts, too.
std::size_t cached_bytes(const Brick* brick) noexcept {
    return sizeof(Brick) + (brick == nullptr ? 0 : brick->placed.bytes());
}

}  // namespace

void FileBricks::open(BrickKeys keys, Read read, std::size_t most_bytes) {
    auto shared = std::make_shared<const Read>(std::move(read));
    const MutexLock lock(mutex_);
    keys_ = std::move(keys);
    read_ = std::move(shared);
    most_cached_ = std::max(most_bytes, kLeastCached);
    is_open_.store(true, std::memory_order_release);  // pairs with the loads of readers
}

void FileBricks::close() noexcept {
    const MutexLock lock(mutex_);
    read_ = nullptr;
    while (reading_ > 0) read_ended_.wait(mutex_);
}

void FileBricks::forget(std::span<const BrickId> changed) noexcept {
    const MutexLock lock(mutex_);
    ++saves_;
    for (const BrickId id : changed) {
        const auto key = key_of(id);
        const auto known = key ? index_.find(*key) : index_.end();
        if (known != index_.end()) uncache(known->second);
    }
}

void FileBricks::uncache(std::list<Cached>::iterator which) const noexcept {
    cached_ -= cached_bytes(which->brick.get());
    index_.erase(which->key);
    cache_.erase(which);
}

void FileBricks::set_keys(BrickKeys keys) noexcept {
    const MutexLock lock(mutex_);
    std::swap(keys_, keys);
}

bool FileBricks::is_stored(BrickKey key) const noexcept {
    return keys_.contains(key) && !hidden_.contains(key);
}

bool FileBricks::has(BrickId id) const noexcept {
    if (!is_open_.load(std::memory_order_acquire)) return false;
    const auto key = key_of(id);
    const MutexLock lock(mutex_);
    return key && is_stored(*key);
}

std::vector<FileBricks::Kept> FileBricks::read_file(std::span<const BrickKey> keys) const {
    std::shared_ptr<const Read> read;
    {
        const MutexLock lock(mutex_);
        if (read_ == nullptr) throw std::runtime_error("the world's file was closed");
        read = read_;
        ++reading_;
    }
    const auto end = [this] {
        const MutexLock lock(mutex_);
        --reading_;
        read_ended_.notify_all();
    };
    try {
        std::vector<Kept> bricks = (*read)(keys);
        end();
        return bricks;
    } catch (...) {
        end();
        throw;
    }
}

std::vector<FileBricks::Kept> FileBricks::read(std::span<const BrickKey> keys) const {
    std::vector<Kept> bricks(keys.size());
    std::vector<BrickKey> missing;
    std::vector<std::size_t> places;
    std::uint64_t saves = 0;
    {
        const MutexLock lock(mutex_);
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (const auto known = index_.find(keys[i]); known != index_.end()) {
                cache_.splice(cache_.begin(), cache_, known->second);
                bricks[i] = known->second->brick;
            } else {
                missing.push_back(keys[i]);
                places.push_back(i);
            }
        saves = saves_;
    }
    if (missing.empty()) return bricks;
    std::vector<Kept> fresh = read_file(missing);
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < missing.size(); ++i) {
        bricks[places[i]] = fresh[i];
        // A save may have begun to replace it since.
        if (saves != saves_ || index_.contains(missing[i])) continue;
        cache_.push_front({missing[i], std::move(fresh[i])});
        try {
            index_.emplace(missing[i], cache_.begin());
        } catch (...) {
            cache_.pop_front();
            throw;
        }
        cached_ += cached_bytes(cache_.front().brick.get());
    }
    while (cached_ > most_cached_) uncache(std::prev(cache_.end()));
    return bricks;
}

std::shared_ptr<const Brick> FileBricks::kept(BrickId id) const {
    if (!has(id)) return nullptr;
    const BrickKey key = *key_of(id);
    return read({&key, 1})[0];
}

bool FileBricks::has_any(const Box3i& bricks, Level level) const noexcept {
    if (!is_open_.load(std::memory_order_acquire)) return false;
    const MutexLock lock(mutex_);
    BrickKey key = 0;
    for (KeysOf all(bricks, level); all.next(key);)
        if (is_stored(key)) return true;
    return false;
}

void FileBricks::prefetch(std::span<const BrickId> bricks) const {
    std::vector<BrickKey> keys;
    {
        const MutexLock lock(mutex_);
        for (const BrickId id : bricks)
            if (const auto key = key_of(id); key && is_stored(*key)) keys.push_back(*key);
    }
    if (!keys.empty()) (void)read(keys);
}

void FileBricks::make_room_to_hide(BrickId id) {
    const auto key = key_of(id);
    if (!key) return;
    const MutexLock lock(mutex_);
    hidden_.reserve_page(*key >> BrickKeys::kPageBits);
}

void FileBricks::hide(BrickId id) noexcept {
    const auto key = key_of(id);
    if (!key) return;
    const MutexLock lock(mutex_);
    // Also what the file does not have: a save that is under way may bring it there.
    hidden_.insert(*key);  // has room
}

std::size_t FileBricks::bytes() const noexcept {
    const MutexLock lock(mutex_);
    return cached_;
}

}  // namespace nebula::voxel

// SPDX-License-Identifier: MIT
// A file system for SQLite that fails on demand.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

namespace nebula::voxel {

/// SQLite's own file system, whose n-th change of a file fails: a write, a sync, a truncation, or
/// the removal of a file; or its n-th read. One at a time.
class FaultyFiles {
public:
    static constexpr const char* kName = "nebula-faulty";
    enum class Fault {
        Io,          ///< The call fails, once.
        Sync,        ///< As Io, but only syncs count.
        ShortWrite,  ///< Half of the bytes are written, once.
        Full,        ///< There is no room, from then on.
        Read,        ///< A read fails, once, and no change.
    };

    FaultyFiles() {
        base() = sqlite3_vfs_find(nullptr);
        vfs_ = *base();
        vfs_.zName = kName;
        vfs_.szOsFile = base()->szOsFile + static_cast<int>(sizeof(File));
        vfs_.xOpen = &open;
        vfs_.xDelete = &remove;
        sqlite3_vfs_register(&vfs_, 0);
        state() = {};
    }
    ~FaultyFiles() { sqlite3_vfs_unregister(&vfs_); }
    FaultyFiles(const FaultyFiles&) = delete;
    FaultyFiles& operator=(const FaultyFiles&) = delete;

    /// The `at`-th change, or read, from now on fails; the first is 0.
    void fail(Fault fault, int at) {
        const std::lock_guard lock(mutex());
        state().fault = fault;
        state().left = at;
        state().failed = false;
    }
    /// Nothing fails any more. Whether anything has.
    bool heal() {
        const std::lock_guard lock(mutex());
        const bool failed = state().failed;
        state().fault = Fault::Io;
        state().left = -1;
        state().failed = false;
        return failed;
    }
    /// Whether a page that is written to the database itself, and not to its WAL, takes a millisecond.
    void set_slow(bool on) {
        const std::lock_guard lock(mutex());
        state().slow = on;
    }
    /// Such pages, since it was constructed.
    [[nodiscard]] int pages() {
        const std::lock_guard lock(mutex());
        return state().pages;
    }
    /// Whether databases can be opened for reading only.
    void set_read_only(bool on) {
        const std::lock_guard lock(mutex());
        state().read_only = on;
    }

private:
    struct File {
        sqlite3_file base;
        bool is_database;
        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    struct State {
        Fault fault = Fault::Io;
        int left = -1;  // changes until one fails; below 0: none does
        bool failed = false;
        bool read_only = false;
        bool slow = false;
        int pages = 0;
    };

    // A save is answered before the I/O thread has moved its pages, so a test that goes on then changes
    // the state while that thread writes.
    static std::mutex& mutex() {
        static std::mutex mutex;
        return mutex;
    }
    static State& state() {
        static State state;
        return state;
    }
    static sqlite3_vfs*& base() {
        static sqlite3_vfs* base = nullptr;
        return base;
    }
    static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

    /// What this change or read shall return; SQLITE_OK: what it returns.
    static int verdict(bool is_sync, bool is_read = false) {
        const std::lock_guard lock(mutex());
        State& s = state();
        if ((s.fault == Fault::Read) != is_read) return SQLITE_OK;
        if (s.fault == Fault::Full && s.failed) return SQLITE_FULL;
        if (s.left < 0 || (s.fault == Fault::Sync && !is_sync)) return SQLITE_OK;
        if (s.left-- > 0) return SQLITE_OK;
        s.failed = true;
        return s.fault == Fault::Full ? SQLITE_FULL : SQLITE_IOERR;
    }

    static bool note_page() {
        const std::lock_guard lock(mutex());
        ++state().pages;
        return state().slow;
    }
    static bool is_short_write() {
        const std::lock_guard lock(mutex());
        return state().fault == Fault::ShortWrite;
    }
    static bool is_read_only() {
        const std::lock_guard lock(mutex());
        return state().read_only;
    }

    static int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
        if (is_read_only() && (flags & SQLITE_OPEN_READWRITE) != 0) {
            flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
            flags |= SQLITE_OPEN_READONLY;
        }
        static const sqlite3_io_methods kMethods = methods();
        const int code = base()->xOpen(base(), name, real(file), flags, out);
        file->pMethods = code == SQLITE_OK ? &kMethods : nullptr;
        reinterpret_cast<File*>(file)->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
        return code;
    }
    static int remove(sqlite3_vfs*, const char* name, int sync) {
        const int code = verdict(false);
        return code == SQLITE_OK ? base()->xDelete(base(), name, sync) : code;
    }

    static sqlite3_io_methods methods() {
        sqlite3_io_methods m{};
        m.iVersion = 1;
        m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
        m.xRead = [](sqlite3_file* f, void* to, int count, sqlite3_int64 at) {
            const int code = verdict(false, true);
            return code == SQLITE_OK ? real(f)->pMethods->xRead(real(f), to, count, at)
                                     : SQLITE_IOERR_READ;
        };
        m.xWrite = [](sqlite3_file* f, const void* from, int count, sqlite3_int64 at) {
            const int code = verdict(false);
            if (reinterpret_cast<File*>(f)->is_database && note_page())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (code != SQLITE_OK && is_short_write())
                real(f)->pMethods->xWrite(real(f), from, count / 2, at);
            return code == SQLITE_OK ? real(f)->pMethods->xWrite(real(f), from, count, at) : code;
        };
        m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
            const int code = verdict(false);
            return code == SQLITE_OK ? real(f)->pMethods->xTruncate(real(f), size) : code;
        };
        m.xSync = [](sqlite3_file* f, int flags) {
            const int code = verdict(true);
            return code == SQLITE_OK ? real(f)->pMethods->xSync(real(f), flags) : code;
        };
        m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
            return real(f)->pMethods->xFileSize(real(f), size);
        };
        m.xLock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xLock(real(f), lock); };
        m.xUnlock = [](sqlite3_file* f, int lock) {
            return real(f)->pMethods->xUnlock(real(f), lock);
        };
        m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
            return real(f)->pMethods->xCheckReservedLock(real(f), out);
        };
        m.xFileControl = [](sqlite3_file* f, int op, void* data) {
            return real(f)->pMethods->xFileControl(real(f), op, data);
        };
        m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
        m.xDeviceCharacteristics = [](sqlite3_file* f) {
            return real(f)->pMethods->xDeviceCharacteristics(real(f));
        };
        return m;
    }

    sqlite3_vfs vfs_{};
};

}  // namespace nebula::voxel

// SPDX-License-Identifier: MIT
// A mutex that clang can check: name the data it guards, and -Wthread-safety proves the rest.
#pragma once

#include <mutex>

#if defined(__clang__)
#define NEBULA_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define NEBULA_THREAD_ANNOTATION(x)
#endif
#define NEBULA_GUARDED_BY(m) NEBULA_THREAD_ANNOTATION(guarded_by(m))
#define NEBULA_REQUIRES(...) NEBULA_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define NEBULA_EXCLUDES(...) NEBULA_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace nebula {

class NEBULA_THREAD_ANNOTATION(capability("mutex")) Mutex {
public:
    void lock() NEBULA_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
    void unlock() NEBULA_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

/// Holds a Mutex for a block.
class NEBULA_THREAD_ANNOTATION(scoped_lockable) MutexLock {
public:
    explicit MutexLock(Mutex& mutex) NEBULA_THREAD_ANNOTATION(acquire_capability(mutex))
        : mutex_(mutex) {
        mutex_.lock();
    }
    ~MutexLock() NEBULA_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

private:
    Mutex& mutex_;
};

}  // namespace nebula

// SPDX-License-Identifier: MIT
// The jobs of one node, which end when it leaves the tree.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/async/death_watch.hpp"
#include "nebula/godot/binding/object.hpp"

#include <memory>
#include <vector>

namespace nebula::godot {

class ScriptJob;

/// When the node leaves the tree, none of its jobs begins any more, those that run are asked to stop,
/// and the main thread waits for them: after that, the engine may free the node.
///
/// Threads:   main thread; the node may be freed on any thread while it is outside the tree.
/// Cost:      one engine connection for all jobs of the node that exist at once.
class JobsOfNode {
public:
    /// Those of a node that has not left the tree since the first of them was made. Null for those of
    /// the root: a job that belongs to no node may use any, so it ends before the tree does. Null if
    /// the main loop is not a SceneTree.
    [[nodiscard]] static std::shared_ptr<JobsOfNode> of(ObjectId node);

    explicit JobsOfNode(ObjectId node);
    JobsOfNode(const JobsOfNode&) = delete;
    JobsOfNode& operator=(const JobsOfNode&) = delete;

    void add(const std::shared_ptr<ScriptJob>& job);
    /// With the last one, the watch ends when nobody holds this any more.
    void remove(ScriptJob& job) noexcept;

    /// Called by the main loop when it starts.
    static void find_root();

private:
    // Shared with the watch, which another thread may call when this is already gone.
    struct List {
        void end_all() noexcept;
        std::shared_ptr<ScriptJob> one_that_runs() noexcept;  // or null

        Mutex mutex;
        std::vector<std::shared_ptr<ScriptJob>> jobs NEBULA_GUARDED_BY(mutex);
    };

    const ObjectId node_;
    const std::shared_ptr<List> list_ = std::make_shared<List>();
    DeathWatch watch_;
};

}  // namespace nebula::godot

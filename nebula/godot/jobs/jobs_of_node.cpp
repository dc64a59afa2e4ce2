// SPDX-License-Identifier: MIT
#include "nebula/godot/jobs/jobs_of_node.hpp"

#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/main_loop.hpp"
#include "nebula/godot/api/scene_tree.hpp"
#include "nebula/godot/api/window.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/jobs/script_job.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace nebula::godot {
namespace {

constinit StaticName tree_exiting{"tree_exiting"};

// By the node's id. Only nodes that have jobs are in it.
std::unordered_map<std::uint64_t, std::shared_ptr<JobsOfNode>>& nodes_with_jobs() {
    static std::unordered_map<std::uint64_t, std::shared_ptr<JobsOfNode>> nodes;
    return nodes;
}

// Found once: while the tree is freed, it must not be asked for its root any more.
ObjectId tree_root;

}  // namespace

void JobsOfNode::find_root() {
    tree_root = {};
    if (const auto tree = cast_to<SceneTree>(Engine::singleton().get_main_loop()); tree)
        tree_root = tree.get_root().id();
}

std::shared_ptr<JobsOfNode> JobsOfNode::of(ObjectId node) {
    if (node.is_null()) node = tree_root;
    if (node.is_null()) return nullptr;
    std::shared_ptr<JobsOfNode>& jobs = nodes_with_jobs()[node.value];
    // A watch tells once: the node has left the tree, and come back.
    if (!jobs || jobs->watch_.told()) jobs = std::make_shared<JobsOfNode>(node);
    return jobs;
}

JobsOfNode::JobsOfNode(ObjectId node)
    : node_(node), watch_(node, tree_exiting, [list = list_] { list->end_all(); }) {}

void JobsOfNode::add(const std::shared_ptr<ScriptJob>& job) {
    const MutexLock lock(list_->mutex);
    job->place_in_node = list_->jobs.size();
    list_->jobs.push_back(job);
}

void JobsOfNode::remove(ScriptJob& job) noexcept {
    {
        const MutexLock lock(list_->mutex);
        auto& jobs = list_->jobs;
        const std::size_t place = job.place_in_node;
        jobs.back()->place_in_node = place;
        std::swap(jobs[place], jobs.back());
        jobs.pop_back();
        if (!jobs.empty()) return;
    }
    const auto found = nodes_with_jobs().find(node_.value);
    if (found != nodes_with_jobs().end() && found->second.get() == this)
        nodes_with_jobs().erase(found);
}

void JobsOfNode::List::end_all() noexcept {
    const bool on_main = is_main_thread();
    {
        // First all, so that none begins while the first of them is waited for.
        const MutexLock lock(mutex);
        for (const auto& job : jobs) {
            if (on_main)
                (void)job->end();
            else
                job->ask_to_stop();
        }
    }
    // A node outside the tree may be freed by any thread, also by its own job: nobody waits there.
    if (!on_main) return;
    // Without the lock: a wait that lasts runs scripts (a logger), which may cancel jobs and so remove
    // them here.
    while (const std::shared_ptr<ScriptJob> job = one_that_runs())
        job->end_and_wait("its node leaves the scene tree");
}

std::shared_ptr<ScriptJob> JobsOfNode::List::one_that_runs() noexcept {
    const MutexLock lock(mutex);
    const auto found =
        std::find_if(jobs.begin(), jobs.end(), [](const auto& job) { return !job->is_over(); });
    return found != jobs.end() ? *found : nullptr;
}

}  // namespace nebula::godot

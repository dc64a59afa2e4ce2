// SPDX-License-Identifier: MIT
#include "nebula/godot/async/spawn_on.hpp"

namespace nebula::godot::detail {
namespace {

/// Cancels a task from any thread. It keeps only the task's record.
class Canceller {
public:
    explicit Canceller(task_detail::TaskRecord& record) noexcept : record_(&record) {
        record_->retain();
    }
    Canceller(Canceller&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
    Canceller(const Canceller&) = delete;
    Canceller& operator=(const Canceller&) = delete;
    ~Canceller() {
        if (record_ != nullptr) record_->release();
    }
    void operator()() const noexcept { record_->request_cancel(); }

private:
    task_detail::TaskRecord* record_;
};

constinit StaticName tree_exiting{"tree_exiting"};

}  // namespace

bool OwnerBinding::bind(task_detail::TaskRecord& task) {
    if (until_ == Until::TreeExiting) {
        watch_.emplace(owner_, tree_exiting, Canceller(task));
    } else {
        watch_.emplace(owner_, Canceller(task));
    }
    if (!watch_->told()) return true;
    task.request_cancel();
    return false;
}

}  // namespace nebula::godot::detail

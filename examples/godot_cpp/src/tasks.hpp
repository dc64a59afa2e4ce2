// SPDX-License-Identifier: MIT
// The threads of this extension, and the loop that runs its coroutines. All of it is for the main
// thread.
#pragma once

#include <nebula/task/task.hpp>
#include <nebula/task/task_handle.hpp>
#include <nebula/threading/worker_pool.hpp>

/// False if the system gives no threads; it has said why.
bool start_tasks();
/// Once per frame: resumes what can go on.
void run_tasks();
/// Ends all coroutines, wherever they wait, and then the threads. May be called twice.
void stop_tasks();

/// Starts a coroutine: it runs up to its first wait inside this call.
nebula::TaskHandle<> spawn(nebula::task<> body, const char* name);
/// For work that takes longer than a frame may. Only between start_tasks() and stop_tasks().
nebula::WorkerPool& pool();

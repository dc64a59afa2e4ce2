// SPDX-License-Identifier: MIT
#include "nebula/godot/library.hpp"

#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/rpc.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/generator/generator_code.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_stream.hpp"

namespace nebula::godot {

void register_library() {
    register_signal_streams();
    register_engine_loop();
    register_class<NebulaTaskError>();
    register_class<NebulaTask>();
    register_class<NebulaRpc>();
}

void stop_library() noexcept {
    withdraw_generators();
    stop_shared_pool();
}

}  // namespace nebula::godot

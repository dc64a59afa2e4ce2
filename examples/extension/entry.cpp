// SPDX-License-Identifier: MIT
// Where the engine enters the library. The function's name is in example.gdextension, too.
#include "meteor_shower.hpp"
#include "moon_generator.hpp"

#include <nebula/godot/binding/class_builder.hpp>
#include <nebula/godot/binding/lifecycle.hpp>
#include <nebula/godot/library.hpp>
#include <nebula/godot/runtime/shared_pool.hpp>

namespace {

using namespace nebula::godot;

void start() {
    register_library();
    // Our own workers. The add-on has a pool of its own, one thread for each core but one, so ours is
    // small. It is started by the first job.
    configure_shared_pool({.thread_count_override = 2});
    register_class<MeteorShower>();
    register_class<MoonGenerator>();
}

void stop() { stop_library(); }

}  // namespace

extern "C" NEBULA_ENTRY GDExtensionBool
example_init(GDExtensionInterfaceGetProcAddress get_proc_address,
             GDExtensionClassLibraryPtr library, GDExtensionInitialization* initialization) {
    // "Example" is your name in messages, in project settings ("example/tasks/…") and in the names of
    // the classes that come with the library: ExampleTask, ExampleTaskError.
    return start_extension(get_proc_address, library, initialization, {"Example", start, stop}) ? 1
                                                                                                : 0;
}

// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/lifecycle.hpp"

#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/string.hpp"

#include <string>
#include <thread>
#include <vector>

namespace nebula::godot {
namespace {

Registrations registered;
bool is_started = false;
std::thread::id main_thread;

std::vector<MainLoopHooks>& hooks() {
    static std::vector<MainLoopHooks> all;
    return all;
}

void run(void (*hook)(), const char* context) noexcept {
    if (hook == nullptr) return;
    try {
        hook();
    } catch (...) {
        report_current_exception(context);
    }
}

void on_startup() {
    for (const MainLoopHooks& each : hooks()) run(each.startup, "Nebula's start-up");
}
void on_frame() {
    for (const MainLoopHooks& each : hooks()) run(each.frame, "Nebula's frame");
}
void on_shutdown() {
    for (auto each = hooks().rbegin(); each != hooks().rend(); ++each)
        run(each->shutdown, "Nebula's shutdown");
}

void start() {
    main_thread = std::this_thread::get_id();
    install_sinks();
    is_started = true;
    run(registered.start, "Nebula's registration");
}

void stop() {
    // The engine takes levels down that it never brought up when a reload failed half way.
    if (!is_started) return;
    is_started = false;
    run(registered.stop, "Nebula's end");
    unregister_singletons();
    unregister_classes();
    hooks().clear();
    if (live_callables() != 0) {
        // The engine would call into unloaded code: a mistake worth a line even at exit.
        print_warning(std::to_string(live_callables()) +
                      " callables of Nebula are still with the engine at unload");
    }
    restore_sinks();
    drop_static_names();
}

void initialize(void* /*userdata*/, GDExtensionInitializationLevel level) {
    if (level == GDEXTENSION_INITIALIZATION_SCENE) start();
    if (level == GDEXTENSION_INITIALIZATION_EDITOR)
        run(
            [] {
                if (Engine::singleton().is_editor_hint()) load_class_docs();
            },
            "Nebula's class docs");
}

void deinitialize(void* /*userdata*/, GDExtensionInitializationLevel level) {
    if (level == GDEXTENSION_INITIALIZATION_SCENE) stop();
}

}  // namespace

void add_main_loop_hooks(const MainLoopHooks& added) { hooks().push_back(added); }

bool is_main_thread() noexcept { return std::this_thread::get_id() == main_thread; }

bool start_extension(GDExtensionInterfaceGetProcAddress get_proc_address,
                     GDExtensionClassLibraryPtr library, GDExtensionInitialization* initialization,
                     const Registrations& registrations) {
    if (!load_interface(get_proc_address, library)) return false;
    registered = registrations;
    initialization->minimum_initialization_level = GDEXTENSION_INITIALIZATION_SCENE;
    initialization->userdata = nullptr;
    initialization->initialize = initialize;
    initialization->deinitialize = deinitialize;
    const GDExtensionMainLoopCallbacks callbacks{on_startup, on_shutdown, on_frame};
    engine.register_main_loop_callbacks(library, &callbacks);
    return true;
}

}  // namespace nebula::godot

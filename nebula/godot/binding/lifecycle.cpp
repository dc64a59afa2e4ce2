// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/lifecycle.hpp"

#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/binding/extension_name.hpp"
#include "nebula/godot/binding/string.hpp"

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace nebula::godot {
namespace {

Registrations registered;
bool is_loaded = false;   // the engine has called our entry point and not yet taken us down
bool is_started = false;  // what we register is registered
std::thread::id main_thread;

std::vector<MainLoopHooks>& hooks() {
    static std::vector<MainLoopHooks> all;
    return all;
}

/// In a catch block. `what` is the extension's, "frame" for example.
void report_exception_in(const char* what) noexcept {
    char context[128];
    std::snprintf(context, sizeof context, "%s's %s", extension_name(), what);
    report_current_exception(context);
}

void run(void (*hook)(), const char* what) noexcept {
    if (hook == nullptr) return;
    try {
        hook();
    } catch (...) {
        report_exception_in(what);
    }
}

void on_startup() {
    for (const MainLoopHooks& each : hooks()) run(each.startup, "start-up");
}
void on_frame() {
    destroy_departed();
    for (const MainLoopHooks& each : hooks()) run(each.frame, "frame");
}
void on_shutdown() {
    destroy_departed();
    for (auto each = hooks().rbegin(); each != hooks().rend(); ++each)
        run(each->shutdown, "shutdown");
}

// By class name.
std::vector<std::string>& editor_plugins() {
    static std::vector<std::string> all;
    return all;
}

// Where the first of several copies leaves its path: an object that outlives every extension.
std::string claim_key() { return std::string("_library_of_") + extension_name(); }

std::string library_path() {
    String path;
    engine.get_library_path(engine.library, path.data());
    return path.utf8();
}

void tell_second_copy(const std::string& second, const std::string& first) {
    print_error(extension_name() + std::string(" is in this project twice: ") + second +
                " is not used, and " + first +
                " works. Delete one of the two add-on folders, and restart.");
}

/// False, after one error line, when another copy of this library runs in the engine.
bool claim_engine() {
    Engine singleton = Engine::singleton();
    const StringName key(claim_key());
    if (singleton.has_meta(key)) {
        tell_second_copy(library_path(), singleton.get_meta(key).str());
        return false;
    }
    singleton.set_meta(key, String(library_path()));
    return true;
}

void release_engine() noexcept {
    try {
        Engine::singleton().remove_meta(StringName(claim_key()));
    } catch (...) {
        report_exception_in("end");
    }
}

void start() {
    main_thread = std::this_thread::get_id();
    if (!claim_engine()) return;
    install_sinks();
    is_started = true;
    run(registered.start, "registration");
}

void stop() {
    // The engine takes levels down that it never brought up when a reload failed half way.
    if (!is_started) return drop_static_names();
    is_started = false;
    destroy_departed();
    run(registered.stop, "end");
    unregister_singletons();
    destroy_departed(Departed::All);
    unregister_classes();
    hooks().clear();
    if (live_callables() != 0) {
        // The engine would call into unloaded code: a mistake worth a line even at exit.
        print_warning(std::to_string(live_callables()) + " callables of " + extension_name() +
                      " are still held by the engine while the extension is unloaded");
    }
    release_engine();
    restore_sinks();
    drop_static_names();
}

// The engine's editor build comes to this level in a running game, too.
void start_editor() {
    if (!is_started || !Engine::singleton().is_editor_hint()) return;
    run(registered.start_editor, "start in the editor");
    run(load_class_docs, "class docs");
}

// Before the classes of the editor go.
void stop_editor() {
    for (const std::string& name : editor_plugins())
        engine.editor_remove_plugin(StringName(name).data());
    editor_plugins().clear();
}

void initialize(void* /*userdata*/, GDExtensionInitializationLevel level) {
    if (level == GDEXTENSION_INITIALIZATION_SCENE) start();
    if (level == GDEXTENSION_INITIALIZATION_EDITOR) run(start_editor, "start in the editor");
}

void deinitialize(void* /*userdata*/, GDExtensionInitializationLevel level) {
    if (level == GDEXTENSION_INITIALIZATION_EDITOR) run(stop_editor, "end in the editor");
    if (level != GDEXTENSION_INITIALIZATION_SCENE) return;
    stop();
    is_loaded = false;
}

/// For an add-on whose library is one that runs already, under another .gdextension file: the engine
/// must not be told "no", or it prints two lines more.
void stay_idle(GDExtensionInitialization* initialization) {
    initialization->minimum_initialization_level = GDEXTENSION_INITIALIZATION_SCENE;
    initialization->userdata = nullptr;
    initialization->initialize = [](void*, GDExtensionInitializationLevel) {};
    initialization->deinitialize = [](void*, GDExtensionInitializationLevel) {};
}

}  // namespace

void detail::add_editor_plugin(const char* class_name) {
    engine.editor_add_plugin(StringName(class_name).data());
    editor_plugins().emplace_back(class_name);
}

void add_main_loop_hooks(const MainLoopHooks& added) { hooks().push_back(added); }

bool is_main_thread() noexcept { return std::this_thread::get_id() == main_thread; }

bool start_extension(GDExtensionInterfaceGetProcAddress get_proc_address,
                     GDExtensionClassLibraryPtr library, GDExtensionInitialization* initialization,
                     const Registrations& registrations) {
    if (is_loaded) {
        String path;
        engine.get_library_path(library, path.data());
        tell_second_copy("a second .gdextension file for " + path.utf8(), "the first");
        stay_idle(initialization);
        return true;
    }
    registered = registrations;
    const bool is_named = detail::set_extension_name(registrations.name);
    if (!load_interface(get_proc_address, library)) return false;
    if (!is_named) {
        print_error(
            "Registrations::name must consist of letters, digits and _, and begin with a letter, "
            "because classes are called after it; it is \"" +
            std::string(registrations.name == nullptr ? "" : registrations.name) + '"');
        return false;
    }
    is_loaded = true;
    initialization->minimum_initialization_level = GDEXTENSION_INITIALIZATION_SCENE;
    initialization->userdata = nullptr;
    initialization->initialize = initialize;
    initialization->deinitialize = deinitialize;
    const GDExtensionMainLoopCallbacks callbacks{on_startup, on_shutdown, on_frame};
    engine.register_main_loop_callbacks(library, &callbacks);
    return true;
}

}  // namespace nebula::godot

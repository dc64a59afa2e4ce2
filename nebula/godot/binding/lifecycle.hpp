// SPDX-License-Identifier: MIT
// The extension's life inside the engine: start, every frame, end.
#pragma once

#include "nebula/godot/binding/interface.hpp"

/// Stands before the entry function, the one symbol that leaves the library:
///
///     extern "C" NEBULA_ENTRY GDExtensionBool example_init(…)
#if defined(_WIN32)
#define NEBULA_ENTRY __declspec(dllexport)
#else
#define NEBULA_ENTRY __attribute__((visibility("default")))
#endif

namespace nebula::godot {

/// What to run on the engine's main loop; null for nothing. An exception becomes an engine error.
///
/// Threads:   main thread.
struct MainLoopHooks {
    void (*startup)() = nullptr;  ///< The engine is up, the first frame is to come.
    void (*frame)() = nullptr;    ///< Each frame, after every _process.
    void (*shutdown)() =
        nullptr;  ///< The tree is freed, the engine still whole: end every wait here.
};

/// Several may be added; they start in that order and shut down in the reverse. Call it from
/// Registrations::start.
void add_main_loop_hooks(const MainLoopHooks& hooks);

namespace detail {
void add_editor_plugin(const char* class_name);
}

/// What the extension registers, in entry.cpp.
struct Registrations {
    /// The extension's own, as "Nebula" is the add-on's: a name for messages, and what the library's
    /// classes are called after (engine_name): letters, digits and _, a letter first. Of several
    /// libraries with this name in one engine only the first to start registers anything; the others
    /// print one error line.
    const char* name = nullptr;
    void (*start)() = nullptr;  ///< register_class, register_singleton, add_main_loop_hooks.
    void (*stop)() = nullptr;   ///< Before classes are taken back: join threads, drop what is held.
    /// In the editor only, after start(): register_class of what derives from the editor's classes,
    /// add_editor_plugin.
    void (*start_editor)() = nullptr;
};

/// Has the editor make one T, a class of ours that derives from EditorPlugin, and keep it until the
/// extension stops. Nobody has to enable it. Call it from Registrations::start_editor.
template <class T>
void add_editor_plugin() {
    detail::add_editor_plugin(T::kClassName);
}

/// The body of the entry point: loads the interface, installs the sinks, and has `registrations`
/// run when the engine's scene classes are there. False, after an error line, when this engine or the
/// name will not do.
[[nodiscard]] bool start_extension(GDExtensionInterfaceGetProcAddress get_proc_address,
                                   GDExtensionClassLibraryPtr library,
                                   GDExtensionInitialization* initialization,
                                   const Registrations& registrations);

/// Cost: under a nanosecond. Threads: any thread.
[[nodiscard]] bool is_main_thread() noexcept;

}  // namespace nebula::godot

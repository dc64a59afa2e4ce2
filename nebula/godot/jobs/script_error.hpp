// SPDX-License-Identifier: MIT
// What goes wrong in a script that this thread calls. README.md in this folder: "How an error is
// noticed".
#pragma once

#include <stdexcept>
#include <string>

namespace nebula::godot {

/// A script did not do what it was called for. what() is the sentence that scripts get.
class ScriptError : public std::runtime_error {
public:
    /// \param shown  whether the engine has printed the error already.
    explicit ScriptError(const std::string& sentence, bool shown = false)
        : std::runtime_error(sentence), shown_(shown) {}
    [[nodiscard]] bool shown() const noexcept { return shown_; }

private:
    bool shown_;
};

/// Notes the first error of a script that the engine reports on this thread while the watch exists:
/// an error of the script itself, or a call that is for the main thread only. The engine tells no
/// caller: a function that fails returns null.
///
///     ScriptErrorWatch watch;
///     …call a script…
///     watch.check();
///
/// Threads:   any thread; nested like blocks.
/// Cost:      two stores, and nothing else unless there is an error.
class ScriptErrorWatch {
public:
    ScriptErrorWatch() noexcept;
    ~ScriptErrorWatch();
    ScriptErrorWatch(const ScriptErrorWatch&) = delete;
    ScriptErrorWatch& operator=(const ScriptErrorWatch&) = delete;

    /// \throws ScriptError if there was an error.
    void check() {
        if (!sentence_.empty()) [[unlikely]]
            fail();
    }

private:
    friend class ScriptErrorListener;
    [[noreturn]] void fail();

    ScriptErrorWatch* outer_;
    std::string sentence_;
};

/// Has the engine report errors to us. Called when the extension starts and ends, while no thread
/// runs a script: the engine keeps its list of listeners without a lock.
void listen_to_script_errors();
void stop_listening_to_script_errors() noexcept;

}  // namespace nebula::godot

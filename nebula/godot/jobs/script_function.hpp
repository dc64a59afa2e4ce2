// SPDX-License-Identifier: MIT
// A function of a script, ready to be called on any thread.
#pragma once

#include "nebula/godot/api/ref_counted.hpp"
#include "nebula/godot/api/script.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/godot/jobs/script_error.hpp"

#include <string>

namespace nebula::godot {

/// A Callable that was looked at: it has a function, and that function is not one that touches the
/// scene tree.
///
/// Threads:   made on the main thread or on a worker of the pool; called on any thread, also on
///            several at once.
/// Cost:      call: what the engine takes, about 0.1 µs for an empty function of GDScript.
/// Lifetime:  keeps a reference-counted object whose function it is. A node must stay, see
///            ScriptJob.
class ScriptFunction {
public:
    /// \throws std::invalid_argument that says why workers cannot run it.
    explicit ScriptFunction(const Callable& callable);

    /// \param argument  null: it gets none.
    /// \throws ScriptError if the call failed, the function had an error, or it is a coroutine.
    Variant call(const Variant* argument, ScriptErrorWatch& watch) const;

    /// The node whose function it is; null if it is none.
    [[nodiscard]] ObjectId node() const noexcept { return node_; }
    /// "find_path", or "<anonymous lambda>".
    [[nodiscard]] std::string method() const { return callable_.method().utf8(); }
    /// "find_path() (res://npc.gd:12)", for messages. Without the place if it was made on a worker and
    /// is of a node.
    [[nodiscard]] std::string name() const;

private:
    [[noreturn]] void fail(const GDExtensionCallError& error) const;

    Callable callable_;
    Variant boxed_;  // the same, as the engine's general call takes it
    Ref<RefCounted> kept_;
    ObjectId node_;
    Ref<Script> script_;  // of the node: the engine does not tell it to workers
};

/// Looks up what calls need, so that workers only read it. Called when the extension starts.
void prepare_script_functions();

}  // namespace nebula::godot

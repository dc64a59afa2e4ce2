// SPDX-License-Identifier: MIT
// What coroutines of this extension may await: godot-cpp's signals and objects.
#pragma once

#include <godot_cpp/classes/object.hpp>
#include <godot_cpp/core/object.hpp>
#include <godot_cpp/variant/signal.hpp>
#include <godot_cpp/variant/string_name.hpp>
#include <godot_cpp/variant/variant.hpp>
#include <nebula/godot/adapter/await_signal.hpp>

using Godot =
    nebula::adapter::GodotCpp<godot::Signal, godot::Object, godot::StringName, godot::Variant>;
using Await = nebula::adapter::Await<Godot>;

template <>
struct nebula::AwaitAs<godot::Signal> : nebula::adapter::AwaitSignal<Godot> {};
template <>
struct nebula::AwaitAs<godot::Object*> : nebula::adapter::AwaitObject<Godot> {};

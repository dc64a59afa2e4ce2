// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/classes/object.hpp>
#include <godot_cpp/core/property_info.hpp>

#include <vector>

namespace godot {

struct MethodInfo {
    template <typename... Args>
    MethodInfo(StringName p_name, const Args&... p_args) : name(p_name), arguments({p_args...}) {}

    StringName name;
    std::vector<PropertyInfo> arguments;
};

}  // namespace godot

#define ADD_SIGNAL(m_signal) ::godot::ClassDB::add_signal(get_class_static(), m_signal)
#define ADD_PROPERTY(m_property, m_setter, m_getter) \
    ::godot::ClassDB::add_property(get_class_static(), m_property, m_setter, m_getter)

// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/variant/string_name.hpp>
#include <godot_cpp/variant/variant.hpp>

namespace godot {

typedef void GodotObject;
class ClassDB;

class Wrapped {
public:
    GodotObject* _owner = nullptr;

    Wrapped(const Wrapped&) = delete;
    Wrapped& operator=(const Wrapped&) = delete;

protected:
    friend class ClassDB;

    // The object that a reload gives a new inside, while its class's constructor runs.
    static GodotObject* recreated;

    explicit Wrapped(const StringName& p_godot_class);
    virtual ~Wrapped() = default;
};

}  // namespace godot

#define GDCLASS(m_class, m_inherits)                                                        \
private:                                                                                    \
    friend class ::godot::ClassDB;                                                          \
                                                                                            \
public:                                                                                     \
    typedef m_class self_type;                                                              \
    typedef m_inherits parent_type;                                                         \
    static ::godot::StringName get_class_static() { return ::godot::StringName(#m_class); } \
    static ::godot::StringName get_parent_class_static() {                                  \
        return m_inherits::get_class_static();                                              \
    }                                                                                       \
                                                                                            \
private:

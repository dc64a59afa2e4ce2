// SPDX-License-Identifier: MIT
#pragma once

#include <godot_cpp/classes/node3d.hpp>
#include <godot_cpp/variant/signal.hpp>
#include <nebula/task/task_handle.hpp>

#include <cstdint>

/// A door with a lock that takes work: a knock makes a worker count the primes up to the strength of
/// the knock times the difficulty of the lock, and then the door opens. Meanwhile it hears no other
/// knock.
///
///     door.watch()
///     door.knock(10)
///     var primes: int = await door.opened
class Door : public godot::Node3D {
    GDCLASS(Door, godot::Node3D)

public:
    ~Door() override;

    /// Begins to wait for knocks, in a coroutine.
    void watch();
    bool is_watched() const;
    /// Emits `knocked`.
    void knock(std::int64_t p_strength);
    /// Opens when the signal is emitted; if its object is freed before, emits `bell_lost`.
    void open_on(const godot::Signal& p_bell);

    void set_difficulty(std::int64_t p_difficulty);
    std::int64_t get_difficulty() const;

protected:
    static void _bind_methods();

private:
    std::int64_t difficulty_ = 1000;
    nebula::TaskHandle<> knocks_;
    nebula::TaskHandle<> bell_;
};

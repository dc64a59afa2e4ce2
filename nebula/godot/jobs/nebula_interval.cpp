// SPDX-License-Identifier: MIT
#include "nebula/godot/jobs/nebula_interval.hpp"

#include <stdexcept>

namespace nebula::godot {
namespace {

struct ResetAtEnd {
    explicit ResetAtEnd(bool& of) noexcept : flag(of) { flag = true; }
    ~ResetAtEnd() { flag = false; }
    ResetAtEnd(const ResetAtEnd&) = delete;
    ResetAtEnd& operator=(const ResetAtEnd&) = delete;
    bool& flag;
};

// Keeps the interval, which may be a temporary of the script: Nebula.interval(1.0).next().
task<std::int64_t> next_tick([[maybe_unused]] Ref<NebulaInterval> keep, Interval& every,
                             bool& waited_for) {
    const ResetAtEnd until_the_end(waited_for);
    co_return static_cast<std::int64_t>(co_await every.next());
}

}  // namespace

void NebulaInterval::bind(ClassBuilder<NebulaInterval>& c) {
    c.doc("A steady beat, made by [method NebulaServer.interval].",
          "[codeblock]\nvar beat := Nebula.interval(0.5)\nwhile health < 100:\n    health += await "
          "beat.next()\n[/codeblock]\nTicks do not drift: tick [i]n[/i] is due exactly [i]n[/i] "
          "periods after the first wait began, and comes in the first frame that reaches that "
          "time. The time is that of the game: it follows [member Engine.time_scale], and goes on "
          "while the "
          "tree is paused.");
    c.method("next", &NebulaInterval::next)
        .doc(
            "Await what this returns: it ends at the next tick, with the number of periods that "
            "have ended since the tick before, which is 1, or more after a long frame or a pause "
            "between two waits. Wait for one tick at a time; a second wait meanwhile gets a "
            "[NebulaTaskError].");
    c.read_only_property("period", &NebulaInterval::period, Hint::read_only(),
                         "Seconds from one tick to the next.");
}

Ref<NebulaInterval> NebulaInterval::make(double seconds) {
    Interval every = nebula::interval(seconds, TaskClock::Game, MissedTicks::Skip);
    Ref<NebulaInterval> made = make_ref<NebulaInterval>();
    made->every_ = every;
    return made;
}

double NebulaInterval::period() const noexcept { return every_ ? every_->period_seconds() : 0.0; }

task<std::int64_t> NebulaInterval::next() {
    if (!every_)
        throw std::logic_error("this interval has no period; make one with Nebula.interval()");
    if (waited_for_)
        throw std::logic_error(
            "something waits for this interval's next tick already; make an "
            "interval for each that waits");
    return next_tick(Ref<NebulaInterval>(ptr()), *every_, waited_for_);
}

}  // namespace nebula::godot

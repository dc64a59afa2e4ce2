// SPDX-License-Identifier: MIT
#include "nebula/trace/trace_writer.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/base/trace.hpp"
#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/trace/detail/json_text.hpp"
#include "nebula/trace/detail/lane.hpp"
#include "nebula/trace/detail/thread_label.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using detail::Lane;
using detail::TraceEvent;

// None of these has a destructor: a thread may record until the process ends.
constinit std::atomic<Lane*> newest_lane{nullptr};
constinit std::atomic<std::uint32_t> lanes_made{0};
constinit std::atomic<std::uint64_t> current_generation{0};
constinit std::atomic<std::uint64_t> beginning_ns{0};
constinit std::atomic<std::size_t> current_limit{0};
constinit std::atomic<std::uint64_t> current_keep_ns{0};
constinit std::atomic<std::uint64_t> dropped_without_lane{0};
constinit std::atomic<bool> writer_lives{false};
constinit thread_local Lane* own_lane = nullptr;

// Called once for each thread; the only place that may block it.
Lane* make_lane() noexcept {
    try {
        Lane* const lane =
            new Lane(lanes_made.fetch_add(1, std::memory_order_relaxed),
                     detail::this_thread_label(), WorkerPool::current_worker_index());
        lane->older = newest_lane.load(std::memory_order_relaxed);
        // Release pairs with the acquire in all_lanes(): the lane is made.
        while (!newest_lane.compare_exchange_weak(lane->older, lane, std::memory_order_release,
                                                  std::memory_order_relaxed)) {
        }
        return lane;
    } catch (...) {
        return nullptr;
    }
}

void record(TraceEvent::Kind kind, const char* name, std::size_t count = 0) noexcept {
    const std::uint64_t now = now_ns();
    if (own_lane == nullptr) own_lane = make_lane();
    if (own_lane == nullptr) {
        dropped_without_lane.fetch_add(1, std::memory_order_relaxed);  // a number
        return;
    }
    // Acquire pairs with the release in the constructor: the previous writer is gone.
    const std::uint64_t generation = current_generation.load(std::memory_order_acquire);
    own_lane->record(generation,
                     {current_limit.load(std::memory_order_relaxed),
                      current_keep_ns.load(std::memory_order_relaxed)},
                     {now, name, static_cast<std::uint32_t>(count), kind});
}

constexpr TraceHooks kHooks{
    .task_begin = [](const char* name, int) noexcept { record(TraceEvent::Kind::TaskBegin, name); },
    .task_end = [](const char* name, int) noexcept { record(TraceEvent::Kind::TaskEnd, name); },
    .park = [](int) noexcept { record(TraceEvent::Kind::Park, "parked"); },
    .unpark = [](int) noexcept { record(TraceEvent::Kind::Unpark, "parked"); },
    .steal = [](int) noexcept { record(TraceEvent::Kind::Steal, "steal"); },
    .wake = [](std::size_t count) noexcept { record(TraceEvent::Kind::Wake, "wake", count); },
    .zone_begin = [](const char* name) noexcept { record(TraceEvent::Kind::ZoneBegin, name); },
    .zone_end = [](const char* name) noexcept { record(TraceEvent::Kind::ZoneEnd, name); },
};

// Workers first, in their order, then the other threads in order of their first event.
std::vector<const Lane*> all_lanes() {
    std::vector<const Lane*> lanes;
    for (const Lane* lane = newest_lane.load(std::memory_order_acquire); lane != nullptr;
         lane = lane->older)
        lanes.push_back(lane);
    std::ranges::sort(lanes, {}, [](const Lane* lane) {
        return std::pair(lane->worker < 0 ? INT32_MAX : lane->worker, lane->number);
    });
    return lanes;
}

std::string_view category(TraceEvent::Kind kind) noexcept {
    switch (kind) {
        case TraceEvent::Kind::TaskBegin:
        case TraceEvent::Kind::TaskEnd:
            return "task";
        case TraceEvent::Kind::ZoneBegin:
        case TraceEvent::Kind::ZoneEnd:
            return "zone";
        default:
            return "pool";
    }
}

// The format: "Trace Event Format" of the Chromium project; Perfetto reads it too.
class JsonEvents {
public:
    JsonEvents(std::ostream& out, std::uint64_t start_ns, std::uint64_t end_ns)
        : out_(out), start_(start_ns), end_(end_ns) {
        out_ << R"({"displayTimeUnit":"ns","traceEvents":[)";
        line(R"("ph":"M","name":"process_name","args":{"name":"nebula"})");
    }
    void finish() { out_ << "\n]}\n"; }

    void lane(const Lane& lane, std::uint64_t generation, std::size_t place) {
        thread_ = R"("tid":)" + std::to_string(lane.number);
        std::vector<TraceEvent> open;
        bool named = false;
        lane.for_each(generation, [&](const TraceEvent& event) {
            if (event.at_ns > end_) return;  // recorded while we write
            if (!std::exchange(named, true)) name(lane, place);
            switch (event.kind) {
                case TraceEvent::Kind::TaskBegin:
                case TraceEvent::Kind::ZoneBegin:
                case TraceEvent::Kind::Park:
                    open.push_back(event);
                    break;
                case TraceEvent::Kind::TaskEnd:
                case TraceEvent::Kind::ZoneEnd:
                case TraceEvent::Kind::Unpark:
                    if (open.empty()) break;  // it began before the trace
                    complete(open.back(), event.at_ns);
                    open.pop_back();
                    break;
                case TraceEvent::Kind::Steal:
                case TraceEvent::Kind::Wake:
                    instant(event);
                    break;
            }
        });
        for (; !open.empty(); open.pop_back()) complete(open.back(), end_);
    }

private:
    void name(const Lane& lane, std::size_t place) {
        line(R"("ph":"M","name":"thread_name",)" + thread_ + R"(,"args":{"name":)" +
             detail::json_text(lane.name) + "}");
        line(R"("ph":"M","name":"thread_sort_index",)" + thread_ + R"(,"args":{"sort_index":)" +
             std::to_string(place) + "}");
    }
    // What began before the trace begins with it.
    void complete(const TraceEvent& began, std::uint64_t end_ns) {
        if (end_ns < start_) return;
        line(R"("ph":"X",)" + head(began) + R"(,"dur":)" +
             microseconds(end_ns - std::max(start_, began.at_ns)));
    }
    void instant(const TraceEvent& event) {
        if (event.at_ns < start_) return;
        std::string text = R"("ph":"i","s":"t",)" + head(event);
        if (event.kind == TraceEvent::Kind::Wake)
            text += R"(,"args":{"workers":)" + std::to_string(event.count) + "}";
        line(text);
    }
    [[nodiscard]] std::string head(const TraceEvent& event) const {
        std::string text = R"("cat":")";
        text.append(category(event.kind)).append(R"(","name":)");
        text.append(detail::json_text(event.name != nullptr ? event.name : "unnamed"));
        return text.append(",")
            .append(thread_)
            .append(R"(,"ts":)")
            .append(microseconds(std::max(start_, event.at_ns) - start_));
    }
    // With three decimals, so that what nests in nanoseconds nests here too.
    static std::string microseconds(std::uint64_t ns) {
        const std::string digits = std::to_string(ns % 1000);
        return std::to_string(ns / 1000) + "." + std::string(3 - digits.size(), '0') + digits;
    }
    void line(std::string_view fields) {
        out_ << (std::exchange(first_, false) ? "\n" : ",\n") << R"({"pid":)" << process_ << ","
             << fields << "}";
    }

    std::ostream& out_;
    const std::uint64_t start_;
    const std::uint64_t end_;
    const long process_ = detail::this_process_id();
    std::string thread_;
    bool first_ = true;
};

[[noreturn]] void fail(const std::filesystem::path& file) {
    throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(),
                            "cannot write the trace file " + file.string());
}

}  // namespace

TraceWriter::TraceWriter(TraceOptions options) noexcept
    : keep_(std::max(options.keep, std::chrono::nanoseconds::zero())) {
    [[maybe_unused]] const bool alone = !writer_lives.exchange(true);
    NEBULA_ASSERT(alone, "another TraceWriter still exists; only one may at a time");
    // Relaxed: the release publishes all of them.
    current_keep_ns.store(static_cast<std::uint64_t>(keep_.count()), std::memory_order_relaxed);
    current_limit.store(options.max_events_per_thread, std::memory_order_relaxed);
    beginning_ns.store(now_ns(), std::memory_order_relaxed);
    dropped_without_lane.store(0, std::memory_order_relaxed);
    // Release pairs with the acquire in record().
    generation_ = current_generation.fetch_add(1, std::memory_order_acq_rel) + 1;
    set_trace_hooks(&kHooks);
}

TraceWriter::~TraceWriter() {
    set_trace_hooks(nullptr);
    writer_lives.store(false);
}

void TraceWriter::write(std::ostream& out) const {
    const std::uint64_t now = now_ns();
    std::uint64_t start = beginning_ns.load(std::memory_order_relaxed);
    if (const auto keep = static_cast<std::uint64_t>(keep_.count()); keep > 0)
        start = std::max(start, now - std::min(now, keep));
    JsonEvents events(out, start, now);
    std::size_t place = 0;
    for (const Lane* const lane : all_lanes()) events.lane(*lane, generation_, place++);
    events.finish();
}

void TraceWriter::write(const std::filesystem::path& file) const {
    std::error_code ignored;  // the file tells
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
    errno = 0;
    std::ofstream out(file, std::ios::binary);
    if (!out) fail(file);
    write(out);
    if (!out.flush()) fail(file);
}

std::uint64_t TraceWriter::dropped() const noexcept {
    std::uint64_t sum = dropped_without_lane.load(std::memory_order_relaxed);
    for (const Lane* lane = newest_lane.load(std::memory_order_acquire); lane != nullptr;
         lane = lane->older)  // acquire pairs with the release in make_lane()
        sum += lane->dropped(generation_);
    return sum;
}

}  // namespace nebula

// SPDX-License-Identifier: MIT
#include "nebula/threading/config_toml.hpp"

// The parser asserts things that a file may violate ("[=", "[.a]"), and reports them afterwards.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/impl/preprocessor.h>
// In Release builds these would be compiler assumptions, which we cannot guarantee.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace nebula {
namespace {

constexpr std::string_view kTable = "[threading.worker_pool]";

struct Number {
    std::string_view key;
    std::int64_t least;
    std::int64_t most;
    void (*set)(WorkerPoolConfig& config, std::int64_t value);  // in range
};
constexpr std::array kNumbers{
    Number{"thread_count", 1, 1024,
           [](WorkerPoolConfig& c, std::int64_t value) {
               c.thread_count_override = static_cast<int>(value);
           }},
    Number{"reserved_cores", 0, 1024,
           [](WorkerPoolConfig& c, std::int64_t value) {
               c.reserved_cores = static_cast<int>(value);
           }},
    Number{"stack_size_bytes", 64 * 1024, 1024 * 1024 * 1024,
           [](WorkerPoolConfig& c, std::int64_t value) {
               c.stack_size_bytes = static_cast<std::size_t>(value);
           }},
    Number{"background_reserve", 0, 1024,
           [](WorkerPoolConfig& c, std::int64_t value) {
               c.background_reserve = static_cast<int>(value);
           }},
    Number{"utilization_window_ms", 10, 60'000,
           [](WorkerPoolConfig& c, std::int64_t value) {
               c.utilization_window = std::chrono::milliseconds(value);
           }},
    Number{"background_nice", 0, 19,
           [](WorkerPoolConfig& c, std::int64_t value) {
               c.background_nice = static_cast<int>(value);
           }},
    Number{"io_threads", 0, 64,
           [](WorkerPoolConfig& c, std::int64_t value) { c.io_threads = static_cast<int>(value); }},
};
struct Flag {
    std::string_view key;
    bool WorkerPoolConfig::*member;
};
constexpr std::array kFlags{
    Flag{"pin_workers", &WorkerPoolConfig::pin_workers},
    Flag{"run_inline", &WorkerPoolConfig::run_inline},
};
constexpr std::string_view kNamePrefix = "name_prefix";
constexpr std::size_t kLongestPrefix = 64;

std::string in_words(const Number& number) {
    return std::to_string(number.least) + " to " + std::to_string(number.most);
}

[[noreturn]] void fail(std::string_view source, const toml::source_region& where,
                       std::string_view what) {
    std::string sentence(source);
    if (where.begin.line != 0) sentence.append(", line ").append(std::to_string(where.begin.line));
    sentence.append(": ").append(what);
    throw ConfigError(sentence);
}

// The first line of the parser's message.
std::string on_one_line(std::string_view text) {
    std::string result(text.substr(0, text.find_first_of("\r\n")));
    while (!result.empty() && (result.back() == '.' || result.back() == ' ')) result.pop_back();
    return result;
}

std::string_view type_in_words(const toml::node& value) {
    switch (value.type()) {
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "a whole number";
        case toml::node_type::floating_point:
            return "a number with a fraction";
        case toml::node_type::boolean:
            return "true or false";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::table:
            return "a table";
        default:
            return "a date or a time";
    }
}

[[noreturn]] void fail_value(std::string_view source, const toml::node& value, std::string_view key,
                             std::string_view must_be, std::string_view is) {
    std::string what(key);
    what.append(" in ").append(kTable).append(" must be ").append(must_be);
    fail(source, value.source(), what.append(", and is ").append(is).append("."));
}

std::int64_t whole_number(std::string_view source, const toml::node& value, const Number& number) {
    const std::string must_be = "a whole number from " + in_words(number);
    const toml::value<std::int64_t>* const given = value.as_integer();
    if (given == nullptr) fail_value(source, value, number.key, must_be, type_in_words(value));
    if (given->get() < number.least || given->get() > number.most)
        fail_value(source, value, number.key, must_be, std::to_string(given->get()));
    return given->get();
}

bool yes_or_no(std::string_view source, const toml::node& value, std::string_view key) {
    const toml::value<bool>* const given = value.as_boolean();
    if (given == nullptr) fail_value(source, value, key, "true or false", type_in_words(value));
    return given->get();
}

std::string short_text(std::string_view source, const toml::node& value, std::string_view key,
                       std::size_t most) {
    const std::string must_be =
        "a string of 1 to " + std::to_string(most) + " bytes without control characters";
    const toml::value<std::string>* const given = value.as_string();
    if (given == nullptr) fail_value(source, value, key, must_be, type_in_words(value));
    const std::string& text = given->get();
    if (text.empty()) fail_value(source, value, key, must_be, "empty");
    if (text.size() > most)
        fail_value(source, value, key, must_be, std::to_string(text.size()) + " long");
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; };
    if (const auto at = std::ranges::find_if(text, is_control); at != text.end())
        fail_value(source, value, key, must_be,
                   "one with character " + std::to_string(static_cast<unsigned char>(*at)));
    return text;
}

[[noreturn]] void fail_unknown(std::string_view source, const toml::key& key) {
    std::string known;
    for (const Number& number : kNumbers)
        known.append(number.key).append(" (").append(in_words(number)).append("), ");
    for (const Flag& flag : kFlags) known.append(flag.key).append(" (true or false), ");
    known.erase(known.size() - 2).append(" and ").append(kNamePrefix);
    known.append(" (1 to ").append(std::to_string(kLongestPrefix)).append(" bytes)");
    fail(source, key.source(),
         std::string(kTable) + " has no key \"" + std::string(key.str()) + "\": it knows " + known +
             ".");
}

// The table with that name; null if there is none.
const toml::table* table_at(std::string_view source, const toml::table& parent,
                            std::string_view key, std::string_view full_name) {
    const toml::node* const node = parent.get(key);
    if (node == nullptr) return nullptr;
    if (const toml::table* const table = node->as_table()) return table;
    fail(source, node->source(), std::string(full_name) + " must be a table.");
}

WorkerPoolConfig read(const toml::table& root, std::string_view source) {
    WorkerPoolConfig config;
    const toml::table* const threading = table_at(source, root, "threading", "[threading]");
    if (threading == nullptr) return config;
    for (auto&& [key, value] : *threading)
        if (key.str() != "worker_pool")
            fail(source, key.source(),
                 "[threading] has no table or key \"" + on_one_line(key.str()) +
                     "\": it knows [threading.worker_pool].");
    const toml::table* const pool = table_at(source, *threading, "worker_pool", kTable);
    if (pool == nullptr) return config;
    for (auto&& [key, value] : *pool) {
        const std::string_view name = key.str();
        const auto* const number = std::ranges::find(kNumbers, name, &Number::key);
        if (number != kNumbers.end())
            number->set(config, whole_number(source, value, *number));
        else if (const auto* const flag = std::ranges::find(kFlags, name, &Flag::key);
                 flag != kFlags.end())
            config.*flag->member = yes_or_no(source, value, flag->key);
        else if (name == kNamePrefix)
            config.name_prefix = short_text(source, value, kNamePrefix, kLongestPrefix);
        else
            fail_unknown(source, key);
    }
    return config;
}

}  // namespace

WorkerPoolConfig parse_worker_pool_config(std::string_view text, std::string_view source_name) {
    try {
        return read(toml::parse(text, source_name), source_name);
    } catch (const toml::parse_error& error) {
        fail(source_name, error.source(),
             "this is not TOML: " + on_one_line(error.description()) + ".");
    }
}

WorkerPoolConfig load_worker_pool_config(const std::filesystem::path& path) {
    const auto cannot_read = [&path](std::string_view why) {
        return ConfigError(path.string() +
                           ": cannot read this configuration file: " + std::string(why) + ".");
    };
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown)) throw cannot_read("it is a folder");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) throw cannot_read(std::strerror(errno));
    std::string text;
    try {
        text.assign(std::istreambuf_iterator<char>(file), {});
    } catch (const std::ios_base::failure&) {
        throw cannot_read(std::strerror(errno));
    }
    if (file.bad()) throw cannot_read(std::strerror(errno));
    return parse_worker_pool_config(text, path.string());
}

}  // namespace nebula

// SPDX-License-Identifier: MIT
#include "nebula/threading/config_toml.hpp"

#include <toml++/toml.h>

#include <cerrno>
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

struct Range {
    std::string_view key;
    std::int64_t least;
    std::int64_t most;
};
constexpr Range kThreadCount{"thread_count", 1, 1024};
constexpr Range kReservedCores{"reserved_cores", 0, 1024};
constexpr Range kStackSize{"stack_size_bytes", 64 * 1024, 1024 * 1024 * 1024};

std::string in_words(const Range& range) {
    return std::to_string(range.least) + " to " + std::to_string(range.most);
}

std::string with_range(const Range& range) {
    return std::string(range.key) + " (" + in_words(range) + ")";
}

[[noreturn]] void fail(std::string_view source, const toml::source_region& where,
                       std::string_view what) {
    std::string sentence(source);
    if (where.begin.line != 0) sentence.append(", line ").append(std::to_string(where.begin.line));
    sentence.append(": ").append(what);
    throw ConfigError(sentence);
}

// One line, whatever the parser's own message looks like.
std::string on_one_line(std::string_view text) {
    std::string result(text.substr(0, text.find_first_of("\r\n")));
    while (!result.empty() && (result.back() == '.' || result.back() == ' ')) result.pop_back();
    return result;
}

std::int64_t whole_number(std::string_view source, const toml::node& value, const Range& range) {
    const std::string must = std::string(range.key) + " in " + std::string(kTable) +
                             " must be a whole number from " + in_words(range);
    const toml::value<std::int64_t>* const number = value.as_integer();
    if (number == nullptr) {
        std::string type;
        switch (value.type()) {
            case toml::node_type::string:
                type = "a string";
                break;
            case toml::node_type::floating_point:
                type = "a number with a fraction";
                break;
            case toml::node_type::boolean:
                type = "true or false";
                break;
            case toml::node_type::array:
                type = "an array";
                break;
            case toml::node_type::table:
                type = "a table";
                break;
            default:
                type = "a date or a time";
                break;
        }
        fail(source, value.source(), must + ", and is " + type + ".");
    }
    if (number->get() < range.least || number->get() > range.most)
        fail(source, value.source(), must + ", and is " + std::to_string(number->get()) + ".");
    return number->get();
}

// The table of that name, null if there is none.
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
    const toml::table* const pool = table_at(source, *threading, "worker_pool", kTable);
    if (pool == nullptr) return config;
    for (auto&& [key, value] : *pool) {
        const std::string_view name = key.str();
        if (name == kThreadCount.key) {
            config.thread_count_override =
                static_cast<int>(whole_number(source, value, kThreadCount));
        } else if (name == kReservedCores.key) {
            config.reserved_cores = static_cast<int>(whole_number(source, value, kReservedCores));
        } else if (name == kStackSize.key) {
            config.stack_size_bytes =
                static_cast<std::size_t>(whole_number(source, value, kStackSize));
        } else {
            fail(source, key.source(),
                 std::string(kTable) + " has no key \"" + std::string(name) + "\": it knows " +
                     with_range(kThreadCount) + ", " + with_range(kReservedCores) + " and " +
                     with_range(kStackSize) + ".");
        }
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
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (file.bad()) throw cannot_read(std::strerror(errno));
    return parse_worker_pool_config(text, path.string());
}

}  // namespace nebula

// SPDX-License-Identifier: MIT
#include "nebula/godot/binding/extension_name.hpp"

#include <algorithm>
#include <cstddef>

namespace nebula::godot {
namespace {

constexpr std::string_view kLibraryPrefix = "Nebula";
const char* name_of_extension = "Nebula";

}  // namespace

const char* extension_name() noexcept { return name_of_extension; }

std::string engine_name(std::string_view class_name) {
    if (!class_name.starts_with(kLibraryPrefix)) return std::string(class_name);
    return extension_name() + std::string(class_name.substr(kLibraryPrefix.size()));
}

std::string with_engine_names(std::string text) {
    for (const std::string_view shared : {"NebulaTask", "NebulaRpc"}) {
        const std::string ours = engine_name(shared);
        for (std::size_t at = text.find(shared); at != std::string::npos;
             at = text.find(shared, at + ours.size()))
            text.replace(at, shared.size(), ours);
    }
    return text;
}

namespace detail {
bool set_extension_name(const char* name) noexcept {
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; };
    const std::string_view text = name == nullptr ? "" : name;
    if (text.empty() || !is_letter(text.front()) || !std::ranges::all_of(text, fits)) return false;
    name_of_extension = name;
    return true;
}
}  // namespace detail

}  // namespace nebula::godot

// SPDX-License-Identifier: MIT
// Names of files, which are UTF-8 in all layers. Only on Windows is that not what the standard library
// makes of a std::string.
#pragma once

#include <filesystem>
#include <string>

namespace nebula {

/// \throws std::bad_alloc.
[[nodiscard]] inline std::filesystem::path path_of(const std::string& utf8) {
    return std::u8string(utf8.begin(), utf8.end());
}
/// \throws std::bad_alloc.
[[nodiscard]] inline std::string name_of(const std::filesystem::path& path) {
    const std::u8string utf8 = path.u8string();
    return {utf8.begin(), utf8.end()};
}

}  // namespace nebula

// SPDX-License-Identifier: MIT
#include "nebula/trace/detail/json_text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) noexcept {
    return static_cast<unsigned char>(text[i]);
}

// Bytes of the well-formed character at `i` (Unicode, table 3-7), 0 if there is none.
std::size_t length_at(std::string_view text, std::size_t i) noexcept {
    const unsigned first = byte_at(text, i);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() - i < length) return 0;
    // No longer than needed, no surrogate, nothing past U+10FFFF.
    const unsigned least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (byte_at(text, i + 1) < least || byte_at(text, i + 1) > most) return 0;
    for (std::size_t k = 2; k < length; ++k)
        if ((byte_at(text, i + k) & 0xC0U) != 0x80) return 0;
    return length;
}

constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

std::string json_text(std::string_view text) {
    std::string quoted = "\"";
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = length_at(text, i);
        const unsigned byte = byte_at(text, i);
        if (length == 0) {
            quoted += "\\ufffd";
        } else if (byte == '"' || byte == '\\') {
            quoted += '\\';
            quoted += text[i];
        } else if (byte < 0x20) {
            quoted += "\\u00";
            quoted += kHex[byte >> 4U];
            quoted += kHex[byte & 15U];
        } else {
            quoted += text.substr(i, length);
        }
        i += length == 0 ? 1 : length;
    }
    return quoted += '"';
}

}  // namespace nebula::detail

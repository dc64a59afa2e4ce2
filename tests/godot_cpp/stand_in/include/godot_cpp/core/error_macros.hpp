// SPDX-License-Identifier: MIT
#pragma once

namespace godot {

void _err_print_error(const char* p_function, const char* p_file, int p_line, const char* p_error,
                      bool p_editor_notify = false, bool p_is_warning = false);

}  // namespace godot

#define ERR_PRINT(m_msg) ::godot::_err_print_error(__FUNCTION__, __FILE__, __LINE__, m_msg)

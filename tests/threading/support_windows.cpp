// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <windows.h>

#include <string>

extern "C" __declspec(dllimport) HRESULT WINAPI GetThreadDescription(HANDLE thread, PWSTR* name);

namespace nebula::test {

std::string comm_of(long os_id) {
    const HANDLE thread =
        OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(os_id));
    if (thread == nullptr) return {};
    PWSTR name = nullptr;
    std::string text;
    if (SUCCEEDED(GetThreadDescription(thread, &name))) {
        for (PWSTR at = name; *at != L'\0'; ++at) text += static_cast<char>(*at);  // of ASCII
        LocalFree(name);
    }
    CloseHandle(thread);
    return text;
}

}  // namespace nebula::test

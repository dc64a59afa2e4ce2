# For Windows, with Debian's g++-mingw-w64-x86-64-posix. Programs of the build run under Wine, if it is
# there.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
find_program(NEBULA_WINE NAMES wine64 wine PATHS /usr/lib/wine)
if(NEBULA_WINE)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${NEBULA_WINE})
endif()
# Headers and libraries of the target only; programs of this machine.
# The second has what Debian has for no other system than itself: tools/lib/windows.sh.
get_filename_component(windows_libraries ${CMAKE_CURRENT_LIST_DIR}/../../build/windows-libraries ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 ${windows_libraries})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Windows 10 is the oldest system of Godot 4.5, too.
set(CMAKE_CXX_FLAGS_INIT "-D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN -DNOMINMAX")
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")

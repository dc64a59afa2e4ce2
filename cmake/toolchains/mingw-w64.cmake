# For Windows on x86_64: clang, as for Linux, with the libraries of Debian's g++-mingw-w64-x86-64-posix.
# Not its g++, which keeps AVX registers on a stack that is not aligned for them (GCC's bug 54412) and
# reaches each thread_local through a call. Programs of the build run under Wine, if it is there.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(gcc x86_64-w64-mingw32-gcc-posix)
set(target x86_64-w64-windows-gnu)
set(CMAKE_C_COMPILER clang-16)
set(CMAKE_CXX_COMPILER clang++-16)
set(CMAKE_C_COMPILER_TARGET ${target})
set(CMAKE_CXX_COMPILER_TARGET ${target})
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_AR x86_64-w64-mingw32-ar CACHE FILEPATH "")
set(CMAKE_RANLIB x86_64-w64-mingw32-ranlib CACHE FILEPATH "")
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

# Debian's clang finds Windows' own headers and libraries, but not those of this compiler.
execute_process(COMMAND ${gcc} -print-file-name=libstdc++.a OUTPUT_VARIABLE runtime OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT EXISTS "${runtime}")
    message(FATAL_ERROR "A build for Windows needs ${gcc} and its C++ runtime: install Debian's g++-mingw-w64-x86-64-posix")
endif()
get_filename_component(runtime ${runtime} DIRECTORY)
set(cxx_headers "--start-no-unused-arguments -nostdinc++ --end-no-unused-arguments")
foreach(folder c++ c++/x86_64-w64-mingw32 c++/backward)
    string(APPEND cxx_headers " -isystem ${runtime}/include/${folder}")
endforeach()
# Windows 10 is the oldest system of Godot 4.5, too.
set(CMAKE_CXX_FLAGS_INIT "${cxx_headers} -D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN -DNOMINMAX")
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00")
# All in one file, but for the system's own libraries. No time is written into it: the same sources
# give the same bytes.
foreach(kind EXE MODULE SHARED)
    set(CMAKE_${kind}_LINKER_FLAGS_INIT "-fuse-ld=lld-16 -static -L${runtime} -Wl,--no-insert-timestamp")
endforeach()
set(CMAKE_CXX_STANDARD_LIBRARIES "-lstdc++ -lgcc_eh -lwinpthread" CACHE STRING "")

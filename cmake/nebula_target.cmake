# Flags and helpers that every target of ours shares.

# What one system does otherwise than another is in x_linux.cpp, x_windows.cpp and x_macos.cpp, and what
# Linux and macOS have in common is in x_posix.cpp.
string(TOLOWER ${CMAKE_SYSTEM_NAME} NEBULA_SYSTEM)
if(NEBULA_SYSTEM STREQUAL "darwin")
    set(NEBULA_SYSTEM macos)
endif()

if(PROJECT_IS_TOP_LEVEL)
    # Debug is what the tests run: assertions, and light optimisation unless a preset asks for more
    # (a million synchronous awaits need the tail calls that -O0 does not make). Release is what
    # users run.
    set(CMAKE_CXX_FLAGS_DEBUG ${NEBULA_DEBUG_FLAGS})
    set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
endif()

add_library(nebula_flags INTERFACE)
target_compile_features(nebula_flags INTERFACE cxx_std_20)
# Tells the frame pool how a coroutine's locals are aligned. Coroutines built without it are right as
# well, and their frames take more memory: nebula/task/detail/frame_pool.hpp.
# (Asked of whoever compiles, because the installed package may meet another compiler.)
target_compile_options(nebula_flags INTERFACE
    $<$<AND:$<COMPILE_LANG_AND_ID:CXX,Clang>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,16>>:-fcoro-aligned-allocation>)
target_include_directories(nebula_flags INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
set_target_properties(nebula_flags PROPERTIES EXPORT_NAME flags)

# Private to our own sources: warnings, visibility, determinism.
add_library(nebula_private_flags INTERFACE)
target_compile_options(nebula_private_flags INTERFACE
    # A mesh is a pure function of its samples: the compiler may not fuse a*b+c on its own.
    -ffp-contract=off
    # An unloaded extension must really leave the process; unique symbols would pin it.
    $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>
    # g++ 12 makes symmetric transfer a tail call below -O2 only when asked.
    $<$<CXX_COMPILER_ID:GNU>:-foptimize-sibling-calls>)
if(NEBULA_DEVELOPER)
    target_compile_options(nebula_private_flags INTERFACE
        -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Werror
        $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
        # clang-tidy has the same as a check, for a fifth of what all its matching takes.
        $<$<CXX_COMPILER_ID:Clang>:-Wreserved-identifier>)
    # In a unity build, a local name may be that of another file's function. dev, which compiles file
    # by file, has the warning.
    target_compile_options(nebula_private_flags INTERFACE $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-shadow>
        # g++ takes every source that another one includes for a header, and warns of each local
        # type in a coroutine's frame. The headers compiled one by one have the warning.
        $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wno-subobject-linkage>)
endif()
if(NEBULA_PACKAGED)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        target_compile_options(nebula_private_flags INTERFACE -gline-tables-only)
        set_property(GLOBAL PROPERTY RULE_LAUNCH_COMPILE "${PROJECT_SOURCE_DIR}/tools/package/relative_paths.sh ${PROJECT_SOURCE_DIR}")
    else()
        target_compile_options(nebula_private_flags INTERFACE -g1 -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
    endif()
endif()
if(NEBULA_SANITIZE)
    set(nebula_sanitize_flags -fsanitize=${NEBULA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_compile_options(nebula_private_flags INTERFACE ${nebula_sanitize_flags})
    target_link_options(nebula_flags INTERFACE ${nebula_sanitize_flags})
    target_compile_definitions(nebula_flags INTERFACE NEBULA_SANITIZED=1)
endif()
if(NEBULA_YIELD_POINTS)
    target_compile_definitions(nebula_flags INTERFACE NEBULA_YIELD_POINTS=1)
endif()

# For sources that need not be fast. At -O0, g++ does not make the tail calls that coroutines need,
# and takes longer than with -Og.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(NEBULA_UNOPTIMIZED -Og)
elseif(NEBULA_SANITIZE)
    # Nor with the lines of a test in a sanitizer's report, which take a fifth of its compilation.
    set(NEBULA_UNOPTIMIZED -O0 -g0)
else()
    set(NEBULA_UNOPTIMIZED -O0)
endif()

# nebula_precompile(nebula_threading LIBRARY), (join_test TEST), or with UNOPTIMIZED_ before either: the
# sources find what nearly all of them include already read. The compiler then no longer notices a
# forgotten include of one of these headers; tools/check/std_includes.py does. A source with flags of
# its own needs SKIP_PRECOMPILE_HEADERS.
function(nebula_precompile target kind)
    # A cache of compilations cannot look into such a header, and would keep nothing.
    if(NOT NEBULA_PRECOMPILE OR CMAKE_CXX_COMPILER_LAUNCHER)
        return()
    endif()
    set(owner nebula_precompiled_${kind})
    if(NOT TARGET ${owner})
        file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/empty.cpp CONTENT "")
        add_library(${owner} OBJECT ${PROJECT_BINARY_DIR}/empty.cpp)
        target_link_libraries(${owner} PRIVATE nebula_flags nebula_private_flags)
        set(headers algorithm array atomic chrono cmath coroutine cstddef cstdint exception functional
            limits memory mutex optional span string string_view thread type_traits utility vector)
        if(kind MATCHES "TEST$")
            list(APPEND headers latch random set stdexcept gmock/gmock.h gtest/gtest.h)
            target_link_libraries(${owner} PRIVATE GTest::gtest GTest::gmock)
        else()
            set_target_properties(${owner} PROPERTIES
                POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
        endif()
        if(kind MATCHES "^UNOPTIMIZED")
            target_compile_options(${owner} PRIVATE ${NEBULA_UNOPTIMIZED})
        endif()
        list(TRANSFORM headers REPLACE "(.+)" "<\\1>")
        target_precompile_headers(${owner} PRIVATE ${headers})
    endif()
    target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()

# nebula_add_library(threading SOURCES a.cpp b.cpp DEPENDS base): the static library
# nebula_threading, linked as nebula::threading.
function(nebula_add_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
    add_library(nebula_${name} STATIC ${arg_SOURCES})
    add_library(nebula::${name} ALIAS nebula_${name})
    set_target_properties(nebula_${name} PROPERTIES
        EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON
        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_link_libraries(nebula_${name} PUBLIC nebula_flags PRIVATE $<BUILD_INTERFACE:nebula_private_flags>)
    foreach(dependency IN LISTS arg_DEPENDS)
        target_link_libraries(nebula_${name} PUBLIC nebula::${dependency})
    endforeach()
    nebula_precompile(nebula_${name} LIBRARY)
endfunction()

# Tests that only the dev preset runs have this label, and this target builds what they need:
# ./run test runs them there, and all others in the presets asan, tsan and gcc.
add_custom_target(nebula_dev_tests)
add_custom_target(nebula_release_tests)
# And those that the release preset runs too: what depends on how far the compiler goes.
function(nebula_also_release test)
    if(CMAKE_BUILD_TYPE STREQUAL Release AND TARGET ${test})
        set_tests_properties(${test} PROPERTIES LABELS release)
        add_dependencies(nebula_release_tests ${test})
    endif()
endfunction()
function(nebula_dev_only test)
    set_tests_properties(${test} PROPERTIES LABELS dev)
    if(ARGN)
        add_dependencies(nebula_dev_tests ${ARGN})
    endif()
endfunction()

# nebula_add_test(worker_pool_test SOURCES worker_pool_test.cpp LIBRARIES nebula::threading): one
# GoogleTest program, one ctest entry. TIMEOUT in seconds, 300 unless told. COST: about how many
# seconds it takes under a sanitizer, if more than ten; the longest begin first, so that none of them
# runs alone at the end. UNOPTIMIZED: its own sources are compiled at -O0 under the sanitizers, and by
# g++ at -Og, in a third and in half of the time; not for tests that compute much themselves.
# SINGLE_THREADED: has one thread, so the thread sanitizer could find nothing and does without it.
# WITH_THREADS: a filter for those of its tests that have more, if few have.
function(nebula_add_test name)
    cmake_parse_arguments(arg "UNOPTIMIZED;SINGLE_THREADED" "TIMEOUT;COST;WITH_THREADS" "SOURCES;LIBRARIES" ${ARGN})
    if(arg_SINGLE_THREADED AND NEBULA_SANITIZE MATCHES thread)
        return()
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE nebula_private_flags ${arg_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
    if(MINGW)
        target_compile_options(${name} PRIVATE -include ${PROJECT_SOURCE_DIR}/tests/atomic_wait_windows.hpp)
        target_link_libraries(${name} PRIVATE synchronization)
    endif()
    if((arg_UNOPTIMIZED AND (NEBULA_SANITIZE OR CMAKE_CXX_COMPILER_ID STREQUAL "GNU")) OR
       (arg_WITH_THREADS AND NEBULA_SANITIZE MATCHES thread))  # of which few run there
        target_compile_options(${name} PRIVATE ${NEBULA_UNOPTIMIZED})
        nebula_precompile(${name} UNOPTIMIZED_TEST)
    else()
        nebula_precompile(${name} TEST)
    endif()
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
    if(arg_COST)
        set_tests_properties(${name} PROPERTIES COST ${arg_COST})
    endif()
    # A process that ends under the thread sanitizer waits a second for races. Some tests end many.
    if(NEBULA_SANITIZE MATCHES thread)
        set(environment TSAN_OPTIONS=atexit_sleep_ms=50)
        if(arg_WITH_THREADS)
            list(APPEND environment GTEST_FILTER=${arg_WITH_THREADS})
        endif()
        set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
    endif()
endfunction()

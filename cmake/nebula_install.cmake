# What `cmake --install` puts into its prefix: the layers as static libraries, their headers, the
# package that find_package(nebula) finds, and a file for pkg-config for each library. The Godot
# extension has rules of its own.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(nebula_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/nebula)
set(nebula_installed_targets nebula_flags)
set(nebula_dependencies Threads ${nebula_trace_dependency})

# nebula_install_library(task "Coroutines on a main loop" REQUIRES base threading): the target
# nebula_task, and nebula-task.pc. REQUIRES: other libraries of ours. REQUIRES_PRIVATE: modules of
# pkg-config. LIBS_PRIVATE: what the linker needs besides them.
function(nebula_install_library name description)
    cmake_parse_arguments(arg "" "" "REQUIRES;REQUIRES_PRIVATE;LIBS_PRIVATE" ${ARGN})
    set(nebula_installed_targets ${nebula_installed_targets} nebula_${name} PARENT_SCOPE)
    string(REPLACE _ - module nebula-${name})
    list(TRANSFORM arg_REQUIRES REPLACE "(.+)" "nebula-\\1 = ${PROJECT_VERSION}")
    list(JOIN arg_REQUIRES ", " requires)
    list(JOIN arg_REQUIRES_PRIVATE ", " requires_private)
    list(JOIN arg_LIBS_PRIVATE " " libs_private)
    # The prefix may be moved, so it is told from where the file lies.
    cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE folder)
    file(RELATIVE_PATH up ${folder}/pkgconfig ${CMAKE_INSTALL_PREFIX})
    set(libs "")
    get_target_property(type nebula_${name} TYPE)
    if(NOT type STREQUAL INTERFACE_LIBRARY)
        set(libs "-L\${libdir} -lnebula_${name}")
    endif()
    get_target_property(definitions nebula_${name} INTERFACE_COMPILE_DEFINITIONS)
    set(cflags "-std=c++20 -I\${includedir}")
    foreach(definition IN LISTS definitions)
        if(definition)
            string(APPEND cflags " -D${definition}")
        endif()
    endforeach()
    configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/nebula.pc.in ${PROJECT_BINARY_DIR}/pkgconfig/${module}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/${module}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# nebula_install_headers(task): nebula/task and the folders in it.
function(nebula_install_headers folder)
    get_filename_component(parent nebula/${folder} DIRECTORY)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/nebula/${folder} DESTINATION include/${parent} FILES_MATCHING PATTERN "*.hpp")
endfunction()

nebula_install_library(base "What all layers of Nebula stand on" LIBS_PRIVATE -pthread)
nebula_install_headers(base)
if(TARGET nebula_threading)
    nebula_install_library(threading "Work-stealing thread pool" REQUIRES base)
    nebula_install_headers(threading)
endif()
if(NEBULA_TOML)
    nebula_install_library(threading_toml "Settings of the thread pool from TOML files" REQUIRES threading)
endif()
if(TARGET nebula_trace)
    nebula_install_library(trace "Traces of the thread pool for Perfetto" REQUIRES base threading)
    nebula_install_headers(trace)
endif()
if(TARGET nebula_task)
    list(APPEND nebula_dependencies tl-expected)
    nebula_install_library(task "Coroutines on the main loop of a game" REQUIRES base threading)
    nebula_install_library(adapter "Signals of godot-cpp, awaited by coroutines" REQUIRES task)
    nebula_install_headers(task)
    nebula_install_headers(godot/adapter)
endif()
if(TARGET nebula_voxel)
    list(APPEND nebula_dependencies tl-expected)
    nebula_install_library(voxel "Diggable voxel terrain" REQUIRES base threading
        REQUIRES_PRIVATE sqlite3 libzstd zlib LIBS_PRIVATE -lm -ldl)
    nebula_install_headers(voxel)
    install(FILES ${CMAKE_CURRENT_LIST_DIR}/nebula_world_file_libraries.cmake DESTINATION ${nebula_package_folder})
endif()

include(nebula_install_godot)
install(TARGETS ${nebula_installed_targets} EXPORT nebula_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT nebula_targets NAMESPACE nebula:: FILE nebula-targets.cmake DESTINATION ${nebula_package_folder})
list(REMOVE_DUPLICATES nebula_dependencies)
list(JOIN nebula_dependencies " " nebula_dependencies)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/nebula-config.cmake.in
    ${PROJECT_BINARY_DIR}/nebula-config.cmake INSTALL_DESTINATION ${nebula_package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/nebula-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/nebula-config.cmake ${PROJECT_BINARY_DIR}/nebula-config-version.cmake
    DESTINATION ${nebula_package_folder})

# What `cmake --install` puts into its prefix: the pool as static libraries, its headers, and the
# package that find_package(nebula) finds. The layers above it are for the Godot extension.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(nebula_installed_targets nebula_flags)
foreach(library base threading trace)
    if(TARGET nebula_${library})
        list(APPEND nebula_installed_targets nebula_${library})
    endif()
endforeach()
if(NEBULA_TOML)
    list(APPEND nebula_installed_targets nebula_threading_toml)
endif()
set(nebula_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/nebula)

install(TARGETS ${nebula_installed_targets} EXPORT nebula_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(layer base threading trace)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/nebula/${layer} DESTINATION include/nebula FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(EXPORT nebula_targets NAMESPACE nebula:: FILE nebula-targets.cmake DESTINATION ${nebula_package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/nebula-config.cmake.in
    ${PROJECT_BINARY_DIR}/nebula-config.cmake INSTALL_DESTINATION ${nebula_package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/nebula-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/nebula-config.cmake ${PROJECT_BINARY_DIR}/nebula-config-version.cmake
    DESTINATION ${nebula_package_folder})

# What `cmake --install` puts into its prefix of nebula::godot, on which extensions for Godot are built:
# two static libraries, their headers, those of the engine that the build had asked for its API, and what
# nebula_godot_classes() needs to add to them. The add-on itself is ./run package's.
if(NOT TARGET nebula_godot_library)
    return()
endif()
list(APPEND nebula_installed_targets nebula_godot_binding nebula_godot_library)

get_property(nebula_godot_dump GLOBAL PROPERTY NEBULA_GODOT_DUMP)
get_property(nebula_godot_classes GLOBAL PROPERTY NEBULA_GODOT_CLASSES)
get_target_property(nebula_godot_build_folder nebula_godot_binding BINARY_DIR)
cmake_path(GET nebula_godot_dump PARENT_PATH nebula_godot_dump_folder)
foreach(folder binding runtime async)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/nebula/godot/${folder} DESTINATION include/nebula/godot FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/nebula/godot/library.hpp DESTINATION include/nebula/godot)
install(FILES ${PROJECT_SOURCE_DIR}/nebula/godot/generator/nebula_generator.h ${PROJECT_SOURCE_DIR}/nebula/godot/generator/generator_code.hpp
    DESTINATION include/nebula/godot/generator)
install(DIRECTORY ${nebula_godot_build_folder}/generated/nebula/godot/api DESTINATION include/nebula/godot FILES_MATCHING PATTERN "*.hpp")
install(FILES ${nebula_godot_dump_folder}/gdextension_interface.h DESTINATION include/nebula/engine)
set(nebula_godot_data_folder ${CMAKE_INSTALL_DATADIR}/nebula/godot)
install(FILES ${nebula_godot_dump} ${nebula_godot_classes} ${PROJECT_SOURCE_DIR}/tools/bindgen/bindgen.py
    DESTINATION ${nebula_godot_data_folder})

# Found from where it lies, so the prefix may be moved.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE nebula_from)
file(RELATIVE_PATH nebula_godot_data ${nebula_from}/cmake/nebula ${CMAKE_INSTALL_PREFIX}/${nebula_godot_data_folder})
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/nebula_godot_paths.cmake @ONLY CONTENT [[
set_property(GLOBAL PROPERTY NEBULA_GODOT_BINDGEN ${CMAKE_CURRENT_LIST_DIR}/@nebula_godot_data@/bindgen.py)
set_property(GLOBAL PROPERTY NEBULA_GODOT_DUMP ${CMAKE_CURRENT_LIST_DIR}/@nebula_godot_data@/extension_api.json)
set_property(GLOBAL PROPERTY NEBULA_GODOT_CLASSES ${CMAKE_CURRENT_LIST_DIR}/@nebula_godot_data@/classes.txt)
include(${CMAKE_CURRENT_LIST_DIR}/nebula_godot_extension.cmake)
]])
install(FILES ${CMAKE_CURRENT_LIST_DIR}/nebula_godot_extension.cmake ${PROJECT_BINARY_DIR}/nebula_godot_paths.cmake
    DESTINATION ${nebula_package_folder})

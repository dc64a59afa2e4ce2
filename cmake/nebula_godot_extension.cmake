# How an extension for Godot is made on nebula::godot: docs/cpp_extension.md. Included by the build of
# the add-on itself, and by whoever finds the installed package.

# nebula_godot_extension(TARGET NAME FOLDER): makes of TARGET, a MODULE, what the engine loads: libNAME.so
# (.dll, .dylib) in FOLDER, whatever the build type: the last build is the one that a project sees. The
# engine enters it by the function NAME_init, which is all that it exports; for Windows, that is what is
# declared as exported. The linker makes a new file, so a running editor keeps the old one until it reloads.
#
# An exported game consists of the engine, its pack and its extensions, and it must start where nothing
# else is installed. So each holds the C++ runtime too, and needs the C library only. A symbol that
# nobody defines fails the link here and not the start of a game.
function(nebula_godot_extension target name folder)
    if(CMAKE_CROSSCOMPILING AND NEBULA_DEVELOPER)  # no engine here loads ours
        set(folder ${CMAKE_BINARY_DIR})
    endif()
    target_compile_options(${target} PRIVATE
        # An unloaded extension must really leave the process; unique symbols would pin it.
        $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>
        # g++ 12 makes the tail calls that coroutines need below -O2 only when asked.
        $<$<CXX_COMPILER_ID:GNU>:-foptimize-sibling-calls>)
    set_target_properties(${target} PROPERTIES
        POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        PREFIX lib OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${folder} SKIP_BUILD_RPATH ON)
    if(WIN32)
        # The toolchain links all but the system's own libraries statically.
        target_link_options(${target} PRIVATE -Wl,--gc-sections)
        return()
    endif()
    if(APPLE)  # written from the documentation: nobody has run it yet
        target_link_options(${target} PRIVATE -Wl,-exported_symbol,_${name}_init -Wl,-dead_strip)
        set_target_properties(${target} PROPERTIES SUFFIX .dylib)
        return()
    endif()
    # Templates of the standard library would leave the file otherwise, in spite of hidden visibility.
    set(exports ${CMAKE_CURRENT_BINARY_DIR}/${target}_exports.map)
    file(CONFIGURE OUTPUT ${exports} CONTENT "{ global: @name@_init; local: *; };\n" @ONLY)
    target_link_options(${target} PRIVATE -Wl,--version-script=${exports})
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${exports})
    if(NEBULA_PACKAGED)  # a debugger finds the symbols by it; it is a hash of the file's content
        target_link_options(${target} PRIVATE -Wl,--build-id=sha1)
    endif()
    if(NOT NEBULA_SANITIZE)  # whose runtime is shared, and brings the C++ runtime with it
        # Without what nobody calls: among that are parts of the C++ runtime that need a newer C library.
        target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc -Wl,-z,defs -Wl,--gc-sections)
    endif()
endfunction()

# nebula_godot_classes(TARGET classes.txt): TARGET may use these classes and methods of the engine, too.
# The list looks like nebula/godot/binding/classes.txt, and adds to it. One target may have one list.
function(nebula_godot_classes target list)
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    cmake_path(ABSOLUTE_PATH list)
    get_property(bindgen GLOBAL PROPERTY NEBULA_GODOT_BINDGEN)
    get_property(dump GLOBAL PROPERTY NEBULA_GODOT_DUMP)
    get_property(classes GLOBAL PROPERTY NEBULA_GODOT_CLASSES)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_classes)
    set(command ${Python3_EXECUTABLE} ${bindgen} --classes ${classes} --more ${list} --out ${folder}/nebula/godot/api)
    # Which files come out is known from the lists alone; a changed list configures anew.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
    execute_process(COMMAND ${command} --list-outputs
        OUTPUT_VARIABLE outputs OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_VARIABLE why)
    if(failed)
        message(FATAL_ERROR "${why}")
    endif()
    # In a project that has Nebula as a folder, the dump is made by its build.
    set(api ${dump})
    if(TARGET nebula_godot_binding)
        set(api nebula_godot_binding)
    endif()
    add_custom_command(OUTPUT ${outputs} COMMAND ${command} --api ${dump}
        DEPENDS ${bindgen} ${classes} ${list} ${api}
        COMMENT "Adding the classes of ${list}" VERBATIM)
    target_sources(${target} PRIVATE ${outputs})
    # Before the library's, which have less in them.
    target_include_directories(${target} BEFORE PRIVATE ${folder})
endfunction()

# Builds and runs examples/installed the way a stranger would: against an installed package, through
# CMake and through pkg-config, and with the sources as a folder.
# cmake -DBUILD=... -DSOURCE=... -DSCRATCH=... -DGENERATOR=... -DCOMPILER=... -DLAUNCHER=... -P installed_test.cmake
set(prefix ${SCRATCH}/prefix)
set(example ${SOURCE}/examples/installed)
file(REMOVE_RECURSE ${SCRATCH})
set(pool_says "2 workers, sum 500500, join 42")
set(task_says "answer 42")
set(voxel_says "ground at -5.0, 0 bricks in the file")

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "${command}: ${status}\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

# try(package pool task): runs these programs of the build in ${SCRATCH}/package.
function(try name)
    foreach(program IN LISTS ARGN)
        run(${SCRATCH}/${name}/${program}_user ${SCRATCH}/${name}/world.nebula)
        if(NOT output STREQUAL "${${program}_says}\n")
            message(FATAL_ERROR "${name}: ${program}_user printed: ${output}")
        endif()
    endforeach()
endfunction()

function(use name)
    run(${CMAKE_COMMAND} -S ${example} -B ${SCRATCH}/${name} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
        -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} ${ARGN})
    run(${CMAKE_COMMAND} --build ${SCRATCH}/${name})
    # Somebody else's warnings must not break their build, nor our tests be part of it.
    if(EXISTS ${SCRATCH}/${name}/nebula/tests)
        message(FATAL_ERROR "${name}: our tests are in their build")
    endif()
    if(EXISTS ${SCRATCH}/${name}/build.ninja)
        file(STRINGS ${SCRATCH}/${name}/build.ninja errors REGEX "-Werror" LIMIT_COUNT 1)
        if(errors)
            message(FATAL_ERROR "${name}: warnings are errors in their build")
        endif()
    endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
# Nothing of the source tree may be needed: the package is used from another place than it was
# installed to.
set(moved ${SCRATCH}/moved)
file(RENAME ${prefix} ${moved})
file(GLOB_RECURSE package ${moved}/*.cmake ${moved}/*.pc)
foreach(file IN LISTS package)
    file(READ ${file} text)
    foreach(elsewhere ${SOURCE} ${prefix})
        string(FIND "${text}" ${elsewhere} place)
        if(NOT place EQUAL -1)
            message(FATAL_ERROR "${file} names ${elsewhere}")
        endif()
    endforeach()
endforeach()
foreach(header threading/detail/item.hpp godot/adapter/await_signal.hpp)
    if(NOT EXISTS ${moved}/include/nebula/${header})
        message(FATAL_ERROR "headers are missing, or not in their folders: there is no ${header}")
    endif()
endforeach()
use(package -DCMAKE_PREFIX_PATH=${moved})
try(package pool task voxel)
# A project that adds our sources chooses how they are compiled. A unity build halves the time, and
# the dev preset compiles file by file.
use(sources -DNEBULA_SOURCE=${SOURCE} -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON)
try(sources pool)

# The libraries are archives, so what they need must be linked too. The layers that need nothing but
# each other do without --static.
file(GLOB_RECURSE modules ${moved}/nebula-*.pc)
list(GET modules 0 module)
get_filename_component(module_folder ${module} DIRECTORY)
set(ENV{PKG_CONFIG_PATH} ${module_folder})
list(TRANSFORM modules REPLACE ".*/(.*)\\.pc" "\\1")
run(pkg-config --print-errors --exists ${modules})
file(MAKE_DIRECTORY ${SCRATCH}/pkg-config)
foreach(program "pool;nebula-threading" "task;nebula-task" "voxel;--static nebula-voxel")
    list(POP_FRONT program source)
    run(sh -c "${COMPILER} ${example}/${source}.cpp -o ${SCRATCH}/pkg-config/${source}_user $(pkg-config --cflags --libs ${program})")
endforeach()
try(pkg-config pool task voxel)
file(REMOVE_RECURSE ${SCRATCH})

# Builds and runs examples/installed the way a stranger would: against an installed package, and
# with the sources as a folder. cmake -DBUILD=... -DSOURCE=... -DSCRATCH=... -P installed_test.cmake
set(prefix ${SCRATCH}/prefix)
set(example ${SOURCE}/examples/installed)
file(REMOVE_RECURSE ${SCRATCH})

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "${command}: ${status}\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

function(use name)
    run(${CMAKE_COMMAND} -S ${example} -B ${SCRATCH}/${name} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
        -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_BUILD_TYPE=Release ${ARGN})
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
    run(${SCRATCH}/${name}/pool_user)
    if(NOT output MATCHES "^2 workers, sum 500500, join 42\n$")
        message(FATAL_ERROR "${name} printed: ${output}")
    endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
# Nothing of the source tree may be needed: the package is used from another place than it was
# installed to.
file(RENAME ${prefix} ${SCRATCH}/moved)
file(GLOB_RECURSE package ${SCRATCH}/moved/*.cmake)
foreach(file IN LISTS package)
    file(READ ${file} text)
    string(FIND "${text}" ${SOURCE} place)
    if(NOT place EQUAL -1)
        message(FATAL_ERROR "${file} names ${SOURCE}")
    endif()
endforeach()
if(NOT EXISTS ${SCRATCH}/moved/include/nebula/threading/detail/item.hpp)
    message(FATAL_ERROR "headers are missing, or not in their folders")
endif()
use(package -DCMAKE_PREFIX_PATH=${SCRATCH}/moved)
# A project that adds our sources chooses how they are compiled. A unity build halves the time, and
# the dev preset compiles file by file.
use(sources -DNEBULA_SOURCE=${SOURCE} -DCMAKE_UNITY_BUILD=ON)
file(REMOVE_RECURSE ${SCRATCH})

# Tests of what compiles, and of what the compiler says of what does not.

# nebula_compile_test(task job_in_one_line COMPILES) or (task job_in_one_line REFUSED "words"):
# compile_fail/job_in_one_line.cpp, as a user's compiler takes it; the words are a regular expression
# for its message. The headers in the list ${compile_headers}, if any, are compiled once, by a test
# that goes first.
function(nebula_compile_test suite name expectation)
    # The same compiler as dev's or gcc's, and no flag that changes its mind.
    if(NEBULA_SANITIZE OR CMAKE_CROSSCOMPILING)
        return()
    endif()
    set(compiler ${CMAKE_CXX_COMPILER} -std=c++20 -I${PROJECT_SOURCE_DIR})
    set(tests ${suite}_compile.${name})
    set(headers)
    if(compile_headers)
        set(file ${CMAKE_CURRENT_BINARY_DIR}/compile_headers.hpp)
        set(headers -include ${file})
        if(NOT TEST ${suite}_compile_headers)
            list(TRANSFORM compile_headers REPLACE "(.+)" "#include \"\\1\"" OUTPUT_VARIABLE lines)
            list(JOIN lines "\n" lines)
            file(CONFIGURE OUTPUT ${file} CONTENT "@lines@\n" @ONLY)
            # Clang, too, looks for the name that g++ gives it.
            add_test(NAME ${suite}_compile_headers COMMAND ${compiler} -x c++-header ${file} -o ${file}.gch)
            set_tests_properties(${suite}_compile_headers PROPERTIES FIXTURES_SETUP ${suite}_compile_headers)
            list(APPEND tests ${suite}_compile_headers)
        endif()
    endif()
    add_test(NAME ${suite}_compile.${name}
        COMMAND ${compiler} -fsyntax-only ${headers} ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/${name}.cpp)
    if(headers)
        set_tests_properties(${suite}_compile.${name} PROPERTIES FIXTURES_REQUIRED ${suite}_compile_headers)
    endif()
    if(expectation STREQUAL "REFUSED")
        set_tests_properties(${suite}_compile.${name} PROPERTIES PASS_REGULAR_EXPRESSION "${ARGV3}")
    endif()
    foreach(test IN LISTS tests)
        if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
            nebula_dev_only(${test})
        endif()
    endforeach()
endfunction()

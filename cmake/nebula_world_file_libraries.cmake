# nebula::sqlite3, nebula::zstd and nebula::z, which world files need. Static where there is a choice: a
# game must start on machines without these packages. Also a part of the installed package.
foreach(library sqlite3 zstd z)
    find_library(NEBULA_LIB_${library} NAMES lib${library}.a ${library})
    if(NOT NEBULA_LIB_${library})
        message(FATAL_ERROR "nebula::voxel needs the library ${library} and CMake does not find it: "
            "install Debian's libsqlite3-dev, libzstd-dev and zlib1g-dev, or set NEBULA_LIB_${library} to its file")
    endif()
    if(NOT TARGET nebula::${library})
        add_library(nebula::${library} UNKNOWN IMPORTED GLOBAL)
        set_target_properties(nebula::${library} PROPERTIES IMPORTED_LOCATION ${NEBULA_LIB_${library}})
    endif()
endforeach()

# SPDX-License-Identifier: MIT
# Builds for Windows. Debian has the compiler and zlib; of the other libraries it has the sources.
# shellcheck shell=bash

# build_for_windows PRESET "TARGET...": one of the presets for Windows, with the Godot extension in it,
# whose API the engine of this system tells. Sets $engine.
build_for_windows() {
    need_packages build windows
    find_engine
    build_windows_libraries
    build_preset "$1" "$2" -DNEBULA_BUILD_GODOT=ON -DNEBULA_GODOT="$engine"
}

# build_windows_libraries: makes build/windows-libraries, where cmake/toolchains/mingw-w64.cmake looks.
build_windows_libraries() {
    local folder=$NEBULA_ROOT/build/windows-libraries recipe log sources
    recipe=$(cat "$NEBULA_ROOT"/{tools/lib/windows.sh,cmake/toolchains/mingw-w64.cmake} | sha256sum)
    [[ $(cat "$folder/recipe" 2>/dev/null) != "$recipe" ]] || return 0
    make_log_folder
    find_sources
    log=$(log_path windows-libraries)
    rm -rf "$folder"
    step "$log" "Building SQLite, Zstandard and GoogleTest for Windows (first run only)" make_windows_libraries ||
        die "the libraries for Windows could not be built$(first_error "$log"); see ${log#"$NEBULA_ROOT"/}"
    printf '%s\n' "$recipe" >"$folder/recipe"
}

# Sets $sources, a folder of the user's cache with the sources of Debian's packages, as Debian patches them.
find_sources() {
    local cache=${NEBULA_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/nebula} log
    sources=$cache/sources
    [[ ! -e $sources/complete ]] || return 0
    rm -rf "$sources.new"
    mkdir -p "$sources.new" 2>/dev/null || die "the sources of libraries cannot be kept in $cache; set NEBULA_CACHE to a folder that is writable"
    log=$(log_path windows-sources)
    if ! step "$log" "Fetching the sources of SQLite and Zstandard (first run only)" fetch_sources "$sources.new"; then
        if offline "$log"; then
            die "the sources of libraries are not on this machine and the package archive cannot be reached; connect to the network and run this again (${log#"$NEBULA_ROOT"/})"
        fi
        die "Debian's archive gave no sources of SQLite and Zstandard; ${log#"$NEBULA_ROOT"/} says why"
    fi
    rm -rf "$sources" && mv "$sources.new" "$sources" || die "cannot write $sources; set NEBULA_CACHE to a folder that is writable"
}

fetch_sources() {
    local apt=$1/apt options suite description
    suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-testing}")
    make_private_apt && use_suite "$suite" deb-src &&
        (cd "$1" && apt-get "${options[@]}" source --download-only sqlite3 libzstd) || return
    for description in "$1"/*.dsc; do
        (cd "$1" && dpkg-source --no-check --extract "$(basename "$description")" "$(basename "$description" | cut -d_ -f1)") || return
    done
    rm -rf "$apt" && touch "$1/complete"
}

# Each library's licences get its name, for tools/package/licenses.py.
make_windows_libraries() {
    local folder=$NEBULA_ROOT/build/windows-libraries scratch=$NEBULA_ROOT/build/windows-scratch compile header
    compile=(x86_64-w64-mingw32-gcc-posix -O2 -g1 "-ffile-prefix-map=$scratch/=" "-ffile-prefix-map=$sources/=")
    rm -rf "$scratch"
    mkdir -p "$scratch/sqlite3" "$scratch/zstd" "$folder/include" "$folder/lib/cmake" "$folder/licenses" || return

    (cd "$scratch/sqlite3" && "$sources/sqlite3/configure" --disable-tcl --disable-readline && make sqlite3.c &&
        "${compile[@]}" -DSQLITE_THREADSAFE=1 -c sqlite3.c && x86_64-w64-mingw32-ar crsD "$folder/lib/libsqlite3.a" sqlite3.o &&
        cp sqlite3.h "$folder/include/" && cp "$sources/sqlite3/debian/copyright" "$folder/licenses/libsqlite3.txt") || return
    (cd "$scratch/zstd" && "${compile[@]}" -DZSTD_DISABLE_ASM=1 -c "$sources"/libzstd/lib/{common,compress,decompress}/*.c &&
        x86_64-w64-mingw32-ar crsD "$folder/lib/libzstd.a" ./*.o &&
        cp "$sources"/libzstd/lib/{zstd,zstd_errors}.h "$folder/include/" && cp "$sources/libzstd/debian/copyright" "$folder/licenses/libzstd.txt") || return

    # What consists of headers is the same everywhere, but the compiler must not see this system's others.
    for header in hwy tl toml++ nlohmann; do
        ln -s "/usr/include/$header" "$folder/include/" || return
    done
    header_library tl-expected tl::expected && header_library hwy hwy::hwy && header_library tomlplusplus tomlplusplus::tomlplusplus &&
        header_library nlohmann_json nlohmann_json::nlohmann_json || return

    cmake -S /usr/src/googletest -B "$scratch/googletest" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_TOOLCHAIN_FILE="$NEBULA_ROOT/cmake/toolchains/mingw-w64.cmake" -DCMAKE_INSTALL_PREFIX="$folder" &&
        cmake --build "$scratch/googletest" --target install && rm -rf "$scratch"
}

# header_library PACKAGE TARGET: what find_package(PACKAGE) finds.
header_library() {
    local config=$folder/lib/cmake/$1
    mkdir -p "$config" && cat >"$config/$1-config.cmake" <<END
if(NOT TARGET $2)
    add_library($2 INTERFACE IMPORTED)
endif()
set_target_properties($2 PROPERTIES INTERFACE_INCLUDE_DIRECTORIES $folder/include)
END
}

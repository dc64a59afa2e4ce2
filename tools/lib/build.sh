# SPDX-License-Identifier: MIT
# Configures and builds the presets of CMakePresets.json.
# shellcheck shell=bash

# The presets a reader may name: those with a name for display, in the one file that has them.
preset_names() {
    grep -B1 '"displayName"' "$NEBULA_ROOT/CMakePresets.json" | sed -n 's/.*"name": "\([^"]*\)".*/\1/p' | paste -sd ' '
}

# What starts a build, for a caller that wants builds to make way for something else.
build_command=()

# What starts a compiler's run: with large pages where the system gives them to who asks. That is a
# twentieth of clang's time.
compiler_command=(env "GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}")

# build_preset PRESET "TARGET..." [CMAKE_ARGUMENT...]: configures and builds. A second run builds only
# what changed.
build_preset() {
    local preset=$1 targets log
    read -ra targets <<<"$2"
    shift 2
    make_log_folder
    [[ -d $NEBULA_ROOT/build/$preset ]] || need_space "$NEBULA_ROOT/build" 700 "building $preset"
    (
        # Two builds of one preset would write the same files; the second waits for the first.
        flock 9
        remove_stale "$preset"
        log=$(log_path "configure-$preset")
        step "$log" "Configuring $preset" configure "$preset" "$@" ||
            die "configuring $preset failed$(first_error "$log"); see ${log#"$NEBULA_ROOT"/}"
        log=$(log_path "build-$preset")
        step "$log" "Building $preset" "${build_command[@]}" "${compiler_command[@]}" cmake --build "$NEBULA_ROOT/build/$preset" --target "${targets[@]}" ||
            die "building $preset failed$(first_error "$log"); see ${log#"$NEBULA_ROOT"/}"
    ) 9>"$NEBULA_ROOT/build/.lock-$preset"
}

# remove_stale FOLDER: an upgrade of the system leaves files in build/FOLDER that ninja takes for new.
remove_stale() {
    local told
    told=$(python3 "$NEBULA_ROOT/tools/lib/stale.py" "$NEBULA_ROOT/build/$1") || die "cannot remove what is stale in $NEBULA_ROOT/build/$1; remove that folder"
    [[ ! $told ]] || say "$told"
}

configure() {
    local preset=$1
    shift
    # Presets are looked up in the current folder.
    cd "$NEBULA_ROOT" && cmake --preset "$preset" "$@"
}

# build_with_engine PRESET "TARGET..." [CMAKE_ARGUMENT...]: the same with the Godot extension (target
# nebula_godot) in it. Sets $engine.
build_with_engine() {
    local preset=$1 wanted=$2 library_folder=$NEBULA_ROOT/addon/addons/nebula/bin
    shift 2
    find_engine
    # Every preset puts the libraries where the projects load them from. Another preset's would look
    # up to date to this one's build, so they go first.
    if [[ $(cat "$library_folder/preset" 2>/dev/null) != "$preset" ]]; then
        rm -f "$library_folder/libnebula.so" "$NEBULA_ROOT/tests/godot/probe/bin/libnebula_probe.so" && mkdir -p "$library_folder" && printf '%s\n' "$preset" >"$library_folder/preset" ||
            die "cannot write to $library_folder; make it a writable folder"
    fi
    # What ./run bench asked of the same build folder is not wanted here.
    build_preset "$preset" "$wanted" -DNEBULA_BUILD_TESTS=ON -DNEBULA_BUILD_BENCH=OFF \
        -DNEBULA_BUILD_GODOT=ON -DNEBULA_GODOT="$engine" -DNEBULA_UNITY_ADDON=OFF "$@"
}

# first_error LOG: " (file:12:3: error: ...)", the first thing a compiler or CMake complained of.
first_error() {
    local line
    line=$(grep -m1 -E '(: (fatal )?error:|^CMake Error|^ninja: error)' "$1") || return 0
    line=${line#"$NEBULA_ROOT"/}
    printf ' (%s)' "${line%:}"
}

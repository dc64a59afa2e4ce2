# SPDX-License-Identifier: MIT
# ./run package: the zips that people install, and the symbols that belong to them.
# shellcheck shell=bash

verb_package() {
    local debug library=$NEBULA_ROOT/addon/addons/nebula/bin/libnebula.so
    (($# == 0)) || [[ $* == --windows ]] || die_usage "./run package takes --windows or nothing and got \"$*\""
    need_output_folder package "$NEBULA_ROOT/out"
    commit_time >/dev/null  # or it would be refused after the builds
    check_given_engine
    need_packages build
    debug=$NEBULA_ROOT/build/package-debug/libnebula.so
    build_with_engine package-debug nebula_godot -DNEBULA_BUILD_TESTS=OFF
    # Every preset's library has the same place, and the release one stays there.
    cp "$library" "$debug" || die "cannot write $debug; make it a writable file"
    build_with_engine release nebula_godot
    make_package linux-x86_64 '' "$NEBULA_ROOT/build/package-debug" "$debug" "$NEBULA_ROOT/build/release" "$library" "$NEBULA_ROOT/out"
    (($# == 0)) || package_for_windows
}

package_for_windows() {
    local preset libraries=()
    for preset in windows windows-release; do
        build_for_windows "$preset" nebula_godot
        libraries+=("$NEBULA_ROOT/build/$preset" "$NEBULA_ROOT/build/$preset/libnebula.dll")
    done
    make_package windows-x86_64 x86_64-w64-mingw32- "${libraries[@]}" "$NEBULA_ROOT/out"
}

# make_package PLATFORM TOOLS DEBUG_BUILD DEBUG_LIBRARY RELEASE_BUILD RELEASE_LIBRARY FOLDER
make_package() {
    local log seconds
    make_log_folder
    log=$(log_path package)
    seconds=$(commit_time) || exit $?
    step "$log" "Packing" python3 -B "$NEBULA_ROOT/tools/package/package.py" --platform "$1" --tools "$2" --seconds "$seconds" \
        --debug "$3" "$4" --release "$5" "$6" --out "$7" ||
        die "packing failed; ${log#"$NEBULA_ROOT"/} says why"
    say "The package is $(tail -n 1 "$log"); docs/packaging.md says what is in it"
}

# The time of the commit, in seconds since 1970: the one time that everybody who builds it agrees on.
# Without a repository, what SOURCE_DATE_EPOCH says, or 1980.
commit_time() {
    if [[ ${SOURCE_DATE_EPOCH:-} ]]; then
        [[ $SOURCE_DATE_EPOCH =~ ^[0-9]{1,11}$ ]] || die_usage "SOURCE_DATE_EPOCH must be a number of seconds since 1970 and is \"$SOURCE_DATE_EPOCH\""
        printf '%s\n' "$SOURCE_DATE_EPOCH"
    else
        git -C "$NEBULA_ROOT" log -1 --format=%ct 2>/dev/null || printf '315532800\n'
    fi
}

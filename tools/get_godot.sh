#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints the path of a command that starts Godot 4.5 or newer. In this order:
#   1. $GODOT, which must then be one;
#   2. godot on the PATH, when it is one;
#   3. Debian's own package, unpacked with all it depends on into a folder of the user's cache.
#
# Debian 12 has Godot 3 only, and 4.6 needs a newer C library than Debian 12's. So the package comes
# from the testing suite, from the archive this system already uses, through an apt of its own: own
# lists, own cache, an empty list of installed packages (which makes apt bring in the C library and
# everything else). Nothing outside the cache folder is written and root is not needed. The engine
# is started through the dynamic linker it came with, so both C libraries live side by side.
#
# With --export-template it prints the path of the program that an exported game starts: Debian's
# godot-template-release, fetched in the same way and kept beside the engine, whose libraries it needs.
#
# A run that was stopped half way goes on where it was; two at once share one download.
set -euo pipefail

NEBULA_ROOT=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
source "$NEBULA_ROOT/tools/lib/say.sh"
source "$NEBULA_ROOT/tools/lib/private_apt.sh"

readonly OLDEST=4.5
# testing only receives packages that install together; unstable is there for the days testing has none.
readonly SUITES=(testing unstable)
# The engine, and what it loads by name to draw: GL for windows and for software rendering.
readonly WANTED=(godot libgl1 libegl1 libegl-mesa0 libglx-mesa0 libgl1-mesa-dri libvulkan1)

main() {
    if (($# == 1)) && [[ $1 == --export-template ]]; then
        fetched_template
        return
    fi
    (($# == 0)) || die_usage "tools/get_godot.sh takes --export-template or nothing and got \"$*\"; set GODOT to choose an engine"
    local command
    if [[ ${GODOT:-} ]]; then
        command=$(command -v -- "$GODOT") && [[ -x $command ]] ||
            die "GODOT is set to $GODOT, which is not a program; unset it or set it to a Godot $OLDEST or newer"
        command=$(realpath -s -- "$command")
        check_version "$command" || die "GODOT is set to $GODOT, which $complaint; unset it or set it to a Godot $OLDEST or newer"
        printf '%s\n' "$command"
        return
    fi
    if command=$(command -v godot) && check_version "$command"; then
        realpath -s -- "$command"
        return
    fi
    fetched_engine
}

# check_version COMMAND: whether it starts and is new enough; if not, $complaint says what is wrong.
check_version() {
    local version
    version=$(timeout 60 "$1" --headless --version 2>/dev/null </dev/null | head -c 4096 | tail -n 1 | tr -d '\0') || true
    if [[ ! $version =~ ^([0-9]+)\.([0-9]+) ]]; then
        complaint="does not start as Godot"
        return 1
    fi
    local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    complaint="is version $major.$minor"
    ((major > ${OLDEST%.*} || (major == ${OLDEST%.*} && minor >= ${OLDEST#*.})))
}

# Sets $prefix, the folder in which everything is kept.
find_prefix() {
    local cache=${NEBULA_CACHE:-}
    if [[ ! $cache ]]; then
        [[ ${XDG_CACHE_HOME:-}${HOME:-} ]] || die "there is no place for Godot, since HOME is not set; set NEBULA_CACHE to a folder"
        cache=${XDG_CACHE_HOME:-$HOME/.cache}/nebula
    fi
    mkdir -p -- "$cache/godot" 2>/dev/null && [[ -w $cache/godot ]] ||
        die "Godot cannot be kept in $cache, which is not writable; set NEBULA_CACHE to a folder that is"
    prefix=$(realpath -- "$cache/godot")
}

fetched_engine() {
    find_prefix
    engine=$prefix/engine/godot
    # The tree gets its name in one rename after it was checked, so it is whole if it is there.
    if [[ ! -x $engine ]]; then
        exec 9>"$prefix/.lock"
        if ! flock -n 9; then
            say "Waiting for another download of Godot ..."
            flock 9
        fi
        [[ -x $engine ]] || fetch
        exec 9>&-
    fi
    check_version "$engine" || die "the Godot in $prefix $complaint; remove that folder and run this again"
    printf '%s\n' "$engine"
}

fetched_template() {
    fetched_engine >/dev/null  # its libraries
    if [[ ! -x $prefix/template/template ]]; then
        exec 9>"$prefix/.lock"
        flock 9
        [[ -x $prefix/template/template ]] || fetch_template
        exec 9>&-
    fi
    printf '%s\n' "$prefix/template/template"
}

fetch_template() {
    log=$prefix/log
    apt=$prefix/apt
    make_private_apt
    local suite
    for suite in "${SUITES[@]}"; do
        step "$log" "Fetching the export template from Debian $suite (first run only)" download_template "$suite" || continue
        rm -rf "$prefix/template"
        mv "$prefix/template.new" "$prefix/template"
        rm -rf "$apt"
        return
    done
    if offline "$log"; then
        die "the export template is not on this machine and the package archive cannot be reached; connect to the network and run this again (log: $log)"
    fi
    die "Debian's archive gave no export template for the Godot in $prefix; remove that folder and run this again (log: $log)"
}

# The template of the version that the engine has: both read the same pack.
download_template() {
    use_suite "$1" || return 1
    local version tree=$prefix/template.new deb found
    version=$(sed -nE 's/^godot_([^_]+)_.*/\1/p' "$prefix/engine/packages.txt")
    version=${version//%3a/:}
    rm -rf "$tree" && mkdir "$tree" || return 1
    (cd "$tree" && apt-get "${options[@]}" download "godot-template-release=$version") || return 1
    for deb in "$tree"/*.deb; do
        dpkg-deb -x "$deb" "$tree" && rm "$deb" || return 1
    done
    found=$(find "$tree" -type f -size +5M | head -n 1)
    [[ $found ]] && chmod +x "$found" && ln -s "${found#"$tree"/}" "$tree/template"
}

fetch() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        die "Godot can only be fetched with apt, which is not on this system; set GODOT to a Godot $OLDEST or newer"
    need_space "$prefix" 1200 "fetching Godot"
    log=$prefix/log
    apt=$prefix/apt
    make_private_apt
    local suite
    for suite in "${SUITES[@]}"; do
        # A marker instead of the archive's word: with all packages here no network is needed.
        if [[ ! -e $apt/complete-$suite ]]; then
            if ! step "$log" "Fetching Godot from Debian $suite (first run only)" download "$suite"; then
                offline "$log" && break
                continue
            fi
            touch "$apt/complete-$suite"
        fi
        step "$log" "Unpacking Godot" unpack || die "Godot could not be unpacked in $prefix; $log says why"
        check_version "$prefix/engine.new/godot" || continue
        rm -rf "$prefix/engine"
        mv "$prefix/engine.new" "$prefix/engine"
        rm -rf "$apt"
        return
    done
    if offline "$log"; then
        die "Godot is not on this machine and the package archive cannot be reached; connect to the network and run this again, or set GODOT (log: $log)"
    fi
    die "Debian's archive gave no Godot $OLDEST or newer that starts here; set GODOT to one (log: $log)"
}

download() {
    use_suite "$1" || return 1
    # autoclean: a run stopped some days ago may have left versions that no longer fit.
    apt-get "${options[@]}" autoclean &&
        apt-get "${options[@]}" -y --download-only install "${WANTED[@]}"
}

unpack() {
    local tree=$prefix/engine.new deb
    rm -rf "$tree"
    mkdir "$tree" || return 1
    for deb in "$apt"/cache/archives/*.deb; do
        dpkg-deb -x "$deb" "$tree" || return 1
        basename "$deb" >>"$tree/packages.txt"
    done
    cat >"$tree/godot" <<'WRAPPER'
#!/bin/sh
# Starts the Godot beside this file with the C library, GL and everything else it was built for.
here=$(dirname "$(readlink -f "$0")")
for lib in "$here"/usr/lib/*-linux-gnu*; do [ -d "$lib/dri" ] && break; done
: "${LIBGL_DRIVERS_PATH:=$lib/dri}"
: "${__EGL_VENDOR_LIBRARY_DIRS:=$here/usr/share/glvnd/egl_vendor.d}"
export LIBGL_DRIVERS_PATH __EGL_VENDOR_LIBRARY_DIRS
for linker in "$lib"/ld-linux*.so.*; do
    exec "$linker" --library-path "$lib:$lib/pulseaudio" "$here/usr/bin/godot" "$@"
done
WRAPPER
    chmod +x "$tree/godot"
}

main "$@"

# SPDX-License-Identifier: MIT
# Exports a project as a game maker does, and plays the result where no project is. For scripts that
# have set $GODOT, $template (what tools/get_godot.sh --export-template prints) and $name, of the test.
# shellcheck shell=bash

: "${GODOT:?set GODOT to the command that starts the engine}"
template=$(realpath -- "$template")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    [[ ! -f $scratch/log ]] || cat "$scratch/log"
    printf 'FAIL %s: %s\n0 passed, 1 failed\n' "$name" "$1"
    exit 1
}

# engine ARGUMENT...: the same settings for everybody, and no editor settings of the caller's.
engine() {
    XDG_CONFIG_HOME=$scratch/home XDG_DATA_HOME=$scratch/home XDG_CACHE_HOME=$scratch/home \
        timeout 300 "$@" >"$scratch/log" 2>&1 </dev/null
}

# no_complaint WHO: the engine's status tells little, so what it said counts.
no_complaint() {
    local complaint
    if complaint=$(grep -m1 -E '^ *(USER |SCRIPT )?ERROR:|(was|were) leaked|instances? leaked|Leaked instance|still in use|handle_crash' "$scratch/log"); then
        fail "$1 complained: $complaint"
    fi
}

# export_game FILE...: exports $scratch/project to $scratch/game, where these files must then be, and
# removes the project.
export_game() {
    local file
    mkdir -p "$scratch/game"
    cat >"$scratch/project/export_presets.cfg" <<END
[preset.0]
name="Linux"
platform="Linux"
runnable=true
export_filter="all_resources"
export_path="../game/game"

[preset.0.options]
custom_template/release="$template"
binary_format/architecture="x86_64"
binary_format/embed_pck=false
END
    engine "$GODOT" --headless --path "$scratch/project" --export-release Linux "$scratch/game/game" ||
        fail "the engine ended with status $?"
    for file in game game.pck "$@"; do
        [[ -f $scratch/game/$file ]] || fail "the export has no $file, but only $(cd "$scratch/game" && echo *)"
    done
    rm -rf "$scratch/project"
}

# play ARGUMENT...: runs the exported game.
play() {
    local game=(./game) libraries
    # The template is made for a newer C library than this system may have; that of the fetched engine
    # serves it. A player's system has one of its own.
    libraries=$(dirname -- "$template")/../../../engine/usr/lib/x86_64-linux-gnu
    if [[ -d $libraries ]]; then
        libraries=$(realpath -- "$libraries")
        patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" "$scratch/game/game"
        game=(env LD_LIBRARY_PATH="$libraries:$libraries/pulseaudio" ./game)
    fi
    cd "$scratch/game" || exit
    engine "${game[@]}" --headless "$@" || fail "the exported game ended with status $?"
    no_complaint "the exported game"
}

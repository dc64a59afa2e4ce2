# SPDX-License-Identifier: MIT
# ./run godot [ARGUMENT...]: the engine's editor on the demo project.
# shellcheck shell=bash

verb_godot() {
    local argument headless=
    for argument in "$@"; do [[ $argument == --headless ]] && headless=yes; done
    [[ $headless || ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]] ||
        die "the editor needs a display and neither DISPLAY nor WAYLAND_DISPLAY is set; use ./run demo, which draws off-screen"
    need_packages build
    build_with_engine release nebula_godot
    prepare_project "$NEBULA_ROOT/demo"
    exec "$engine" --editor --path "$NEBULA_ROOT/demo" "$@"
}

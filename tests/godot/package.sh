#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs a package into an empty project as the README says, runs a scene that digs, exports it, and
# plays the export:
#   GODOT=godot tests/godot/package.sh PACKAGE TEMPLATE
# TEMPLATE is what tools/get_godot.sh --export-template prints. The last line is "1 passed, 0 failed"
# or says what went wrong.
set -euo pipefail
package=$(realpath -- "$1") template=$2 name=package
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/godot/exported_game.sh"
unset LD_LIBRARY_PATH

sentence=$(python3 -B "$root/tests/godot/package_test.py" "$package" "$root") || fail "$sentence"
version=$(basename -- "$package" | cut -d- -f2)

mkdir "$scratch/project"
cp "$root/tests/godot/package/project.godot" "$scratch/project"
python3 -m zipfile -e "$package" "$scratch/project"

# As in the README: once in the editor, and a scene knows the classes.
engine "$GODOT" --headless --editor --path "$scratch/project" --quit-after 1000 || fail "the editor ended with status $?"
no_complaint "the editor"
cp "$root/tests/godot/package"/main.* "$scratch/project"
sed -i 's|^config/name=.*|&\nrun/main_scene="res://main.tscn"|' "$scratch/project/project.godot"

# dug KIND: what the scene says when all is well, with some tens of cubic metres.
dug() {
    grep -qE "^nebula $version, $1: dug [1-9][0-9]+ cubic metres$" "$scratch/log" || fail "the scene did not dig, or not with the $1 library"
}

engine "$GODOT" --headless --path "$scratch/project" || fail "the scene ended with status $?"
no_complaint "the scene"
dug debug

library=libnebula.linux.release.x86_64.so
export_game "$library"
[[ ! -e $scratch/game/libnebula.linux.debug.x86_64.so ]] || fail "the export has the debug library, too"
play --fixed-fps 60
dug release
echo "1 passed, 0 failed"

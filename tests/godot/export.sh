#!/bin/bash
# SPDX-License-Identifier: MIT
# Exports demo/ as a game maker would and plays the result where no project is:
#   GODOT=godot tests/godot/export.sh TEMPLATE
# Build nebula_godot of the release preset first. The last line is "1 passed, 0 failed" or says what
# went wrong.
set -euo pipefail
template=$1 name=export
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/godot/exported_game.sh"

# A copy, in which links are files: the checkout stays as it is.
cp -rL "$root/demo" "$scratch/project"
rm -rf "$scratch/project/.godot"
mkdir -p "$scratch/project/.godot"
echo 'res://addons/nebula/nebula.gdextension' >"$scratch/project/.godot/extension_list.cfg"

export_game libnebula.so
sentence=$(python3 -B "$root/tests/godot/library_test.py" "$scratch/game/libnebula.so" nebula_init) || fail "$sentence"
play -- --threads=2 --seconds=2 --report="$scratch/report.json"
[[ -s $scratch/report.json ]] || fail "the exported game wrote no report"
echo "1 passed, 0 failed"

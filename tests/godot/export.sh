#!/bin/bash
# SPDX-License-Identifier: MIT
# Exports demo/ as a game maker would and plays the result where no project is:
#   GODOT=godot tests/godot/export.sh TEMPLATE
# TEMPLATE is what tools/get_godot.sh --export-template prints. Build nebula_godot of the release
# preset first. The last line is "1 passed, 0 failed" or says what went wrong.
set -euo pipefail
: "${GODOT:?set GODOT to the command that starts the engine}"
template=$(realpath -- "$1")
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    [[ ! -f $scratch/log ]] || cat "$scratch/log"
    printf 'FAIL export: %s\n0 passed, 1 failed\n' "$1"
    exit 1
}

# engine ARGUMENT...: the same settings for everybody, and no editor settings of the caller's.
engine() {
    XDG_CONFIG_HOME=$scratch/home XDG_DATA_HOME=$scratch/home XDG_CACHE_HOME=$scratch/home \
        timeout 300 "$@" >"$scratch/log" 2>&1 </dev/null
}

# A copy, in which links are files: the checkout stays as it is.
cp -rL "$root/demo" "$scratch/project"
rm -rf "$scratch/project/.godot"
mkdir -p "$scratch/project/.godot" "$scratch/game"
echo 'res://addons/nebula/nebula.gdextension' >"$scratch/project/.godot/extension_list.cfg"
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
for file in game game.pck libnebula.so; do
    [[ -f $scratch/game/$file ]] || fail "the export has no $file, but only $(cd "$scratch/game" && echo *)"
done
sentence=$(python3 -B "$root/tests/godot/library_test.py" "$scratch/game/libnebula.so" nebula_init) || fail "$sentence"
rm -rf "$scratch/project"

# The template is made for a newer C library than this system may have; that of the fetched engine
# serves it. A player's system has one of its own.
game=(./game)
libraries=$(dirname -- "$(realpath -- "$template")")/../../../engine/usr/lib/x86_64-linux-gnu
if [[ -d $libraries ]]; then
    libraries=$(realpath -- "$libraries")
    patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" "$scratch/game/game"
    game=(env LD_LIBRARY_PATH="$libraries:$libraries/pulseaudio" ./game)
fi
cd "$scratch/game"
engine "${game[@]}" --headless -- --threads=2 --seconds=2 --report="$scratch/report.json" ||
    fail "the exported game ended with status $?"
if complaint=$(grep -m1 -E '^ *(USER |SCRIPT )?ERROR:|(was|were) leaked|instances? leaked|Leaked instance|still in use|handle_crash' "$scratch/log"); then
    fail "the exported game complained: $complaint"
fi
[[ -s $scratch/report.json ]] || fail "the exported game wrote no report"
echo "1 passed, 0 failed"

#!/bin/sh
# Runs the integration tests in the engine that $GODOT names:
#   GODOT=godot tests/godot/run.sh [filter]
# The exit code of the engine says little (a crash at exit, a script that never ran), so the last
# word is the line "N passed, 0 failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${GODOT:?set GODOT to the command that starts the engine}"
# The engine looks for extensions here before anything else; without an import run nobody writes it.
mkdir -p "$here/.godot"
echo 'res://addons/nebula/nebula.gdextension' > "$here/.godot/extension_list.cfg"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
timeout 300 "$GODOT" --headless --path "$here" --fixed-fps 60 --script res://run_tests.gd -- "$@" > "$log" 2>&1
code=$?
cat "$log"
if [ "$code" -ne 0 ]; then
    echo "tests/godot: the engine ended with code $code" >&2
    exit 1
fi
if sed '/^Running the tests$/,/^[0-9]* passed, [0-9]* failed$/d' "$log" | grep -E '^ *(SCRIPT )?ERROR:|leaked|handle_crash' >&2; then
    echo "tests/godot: the engine complained outside of the tests" >&2
    exit 1
fi
grep -Eq '^[1-9][0-9]* passed, 0 failed$' "$log"

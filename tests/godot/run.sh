#!/bin/sh
# Runs the integration tests in the engine that $GODOT names:
#   GODOT=godot tests/godot/run.sh [filter]
# First the suite, tests/test_*.gd, in one engine; then each script of alone/, which ends the engine
# or takes the extension out of it, in an engine of its own; then the project editor/ in the editor,
# which reloads the extension. The exit code of the engine says little (a crash at exit, a script
# that never ran), so the last word is the line "N passed, 0 failed".
#
# A line "# says: PATTERN" in a script of alone/ asks for a line of that form and allows it; a script
# that asks for none must end without a complaint.
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${GODOT:?set GODOT to the command that starts the engine}"
# The engine looks for extensions here before anything else; without an import run nobody writes it.
for project in "$here" "$here/editor"; do
    mkdir -p "$project/.godot"
    echo 'res://addons/nebula/nebula.gdextension' > "$project/.godot/extension_list.cfg"
done
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
says=$scratch/says
: > "$says"

# engine ARGUMENT...: leaves what was said in $log and shows it.
engine() {
    timeout 300 "$GODOT" --headless "$@" > "$log" 2>&1
    code=$?
    cat "$log"
}

# complaint: what the engine says that no clean run says; within the suite its own judge decides.
complaint() {
    sed '/^Running the tests$/,/^[0-9]* passed, [0-9]* failed$/d' "$log" | grep -vEf "$says" |
        grep -E '^ *(SCRIPT )?ERROR:|leaked|outlive the extension|handle_crash'
}

# silence: the first line that was asked for and not said.
silence() {
    while IFS= read -r line; do
        grep -qE "$line" "$log" || { echo "not said: $line" && return; }
    done < "$says"
    return 1
}

# judge NAME: whether what $log has is a clean run in which the probe's last words are said, once in
# each life of the extension, after its shutdown.
judge() {
    if [ "$code" -eq 0 ] && ! complaint >&2 && ! silence >&2 && grep -q '^probe: ' "$log" &&
        ! grep '^probe: ' "$log" | grep -qvE "$clean"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1: the engine ended with code $code; see above"
    fi
}

passed=0
case ${1:-} in
    alone* | editor*) ;; # a filter for those below
    *)
        engine --path "$here" --fixed-fps 60 --script res://run_tests.gd -- "$@"
        if [ "$code" -ne 0 ]; then
            echo "tests/godot: the engine ended with code $code" >&2
            exit 1
        fi
        if complaint >&2; then
            echo "tests/godot: the engine complained outside of the tests" >&2
            exit 1
        fi
        passed=$(sed -nE 's/^([1-9][0-9]*) passed, 0 failed$/\1/p' "$log")
        [ -n "$passed" ] || exit 1
        ;;
esac

failed=0
clean='^probe: ([1-9][0-9]*) coroutines began, \1 were destroyed, 0 callables are left$'
for script in "$here"/alone/*.gd; do
    name=alone.$(basename "$script" .gd)
    case $name in *"${1:-}"*) ;; *) continue ;; esac
    echo "Running $name"
    sed -n 's/^# says: //p' "$script" > "$says"
    engine --path "$here" --fixed-fps 60 --script "res://alone/${script##*/}"
    judge "$name"
done
: > "$says"

# The settings of whoever runs this are none of its business.
name=editor.reload
case $name in *"${1:-}"*)
    echo "Running $name"
    echo '^reloaded$' > "$says"
    XDG_CONFIG_HOME=$scratch XDG_DATA_HOME=$scratch XDG_CACHE_HOME=$scratch \
        engine --editor --path "$here/editor"
    judge "$name"
    ;;
esac
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

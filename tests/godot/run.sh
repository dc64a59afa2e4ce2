#!/bin/sh
# Runs the integration tests in the engine that $GODOT names:
#   GODOT=godot tests/godot/run.sh [filter]
# First the suite, tests/test_*.gd, in one engine; then each script of alone/, which ends the engine
# or takes the extension out of it, in an engine of its own. The exit code of the engine says little
# (a crash at exit, a script that never ran), so the last word is the line "N passed, 0 failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${GODOT:?set GODOT to the command that starts the engine}"
# The engine looks for extensions here before anything else; without an import run nobody writes it.
mkdir -p "$here/.godot"
echo 'res://addons/nebula/nebula.gdextension' > "$here/.godot/extension_list.cfg"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# engine SCRIPT [filter]: leaves what was said in $log and shows it.
engine() {
    timeout 300 "$GODOT" --headless --path "$here" --fixed-fps 60 --script "$@" > "$log" 2>&1
    code=$?
    cat "$log"
}

# complaint: what the engine says that no clean run says; within the suite its own judge decides.
complaint() {
    sed '/^Running the tests$/,/^[0-9]* passed, [0-9]* failed$/d' "$log" |
        grep -E '^ *(SCRIPT )?ERROR:|leaked|handle_crash'
}

passed=0
case ${1:-} in
    alone*) ;; # a filter for those below
    *)
        engine res://run_tests.gd -- "$@"
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
    name=$(basename "$script" .gd)
    case alone.$name in *"${1:-}"*) ;; *) continue ;; esac
    echo "Running alone.$name"
    engine "res://alone/$name.gd"
    # The probe's last words are said once in each life of the extension, after its shutdown.
    if [ "$code" -eq 0 ] && ! complaint >&2 && grep -q '^probe: ' "$log" &&
        ! grep '^probe: ' "$log" | grep -qvE "$clean"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL alone.$name: the engine ended with code $code; see above"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

# shellcheck shell=sh
# What the tests of the templates have in common. Sourced by a run.sh that has set `here` to its folder, with
# the folder of the build as the argument.
root=$here/../..
: "${GODOT:?set GODOT to the command that starts the engine}"
build=$(cd "${1:?which build folder?}" && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0

# case_of NAME COMMAND...: passes if the command does; shows what it said if not.
case_of() {
    name=$1
    shift
    echo "Running $name"
    if "$@" > "$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 60 "$scratch/log"
        echo "FAIL $name"
    fi
}

# The last line; true if all passed.
sum_up() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

install_nebula() { cmake --install "$build" --prefix "$scratch/nebula"; }

# engine ARGUMENT...: runs it; $scratch/said has what it says. Memory is filled with a pattern when it comes
# and when it goes. The settings of whoever runs this are none of its business.
engine() {
    XDG_CONFIG_HOME=$scratch XDG_DATA_HOME=$scratch XDG_CACHE_HOME=$scratch MALLOC_PERTURB_=165 \
        timeout 120 "$GODOT" --headless "$@" > "$scratch/said" 2>&1
    code=$?
    cat "$scratch/said"
    return "$code"
}

# SPDX-License-Identifier: MIT
# Finds the engine and judges what it said.
# shellcheck shell=bash

# find_engine: sets $engine to a command that starts Godot 4.5 or newer, fetching one if need be.
find_engine() {
    engine=$("$NEBULA_ROOT/tools/get_godot.sh") || exit $?
}

# A wrong $GODOT is the caller's mistake, so it is reported before anything is installed or fetched.
check_given_engine() {
    [[ ! ${GODOT:-} ]] || find_engine
}

# prepare_project DIRECTORY: the engine loads the extensions that a list in its cache folder names,
# and only the editor writes that list. Without it, a first headless run would not have our classes,
# and would say nothing.
prepare_project() {
    local list=$1/.godot/extension_list.cfg entry=res://addons/nebula/nebula.gdextension
    # Without a project the engine would open its project list and wait for a click.
    [[ -f $1/project.godot ]] || die "there is no Godot project in $1; the checkout is incomplete"
    grep -qsxF "$entry" "$list" && return
    { mkdir -p "$1/.godot" && printf '%s\n' "$entry" >"$list"; } 2>/dev/null ||
        die "cannot write $list; make ${1#"$NEBULA_ROOT"/} writable"
}

# engine_complaint LOG: prints the first line of LOG that a clean run would not have, if there is
# one. The engine's exit status does not help: it is 0 after script errors, failed loads and leaks.
engine_complaint() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" |
        grep -m1 -E '^ *(USER |SCRIPT |SHADER )?ERROR:|(was|were) leaked|instances? leaked|Leaked instance|still in use|^handle_crash:' || true
}

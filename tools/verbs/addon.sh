# SPDX-License-Identifier: MIT
# ./run addon: the add-on, as a game installs it.
# shellcheck shell=bash

verb_addon() {
    (($# == 0)) || die_usage "./run addon takes no arguments and got \"$1\""
    check_given_engine
    need_packages build
    build_with_engine release nebula_godot
    say "The add-on is in $NEBULA_ROOT/addon/addons/nebula; copy that folder into addons/ of your project"
}

# SPDX-License-Identifier: MIT
# ./run check: what can be told without running the code.
# shellcheck shell=bash

verb_check() {
    (($# == 0)) || die_usage "./run check takes no arguments and got \"$1\""
    need_packages build format check
    local failed=()
    check_sources
    # The build comes first: it makes the headers that the extension's sources include.
    build_with_engine dev "nebula_godot nebula_trace"
    one_check tidy "Checking with clang-tidy" check_tidy
    ((${#failed[@]} == 0)) || die "these checks failed: ${failed[*]}; what they found is above and in build/log/"
}

# What needs no build.
check_sources() {
    one_check format "Checking the formatting" check_format
    one_check includes "Checking the includes" python3 "$NEBULA_ROOT/tools/check/includes.py" "$NEBULA_ROOT"
    one_check std-includes "Checking the standard includes" python3 "$NEBULA_ROOT/tools/check/std_includes.py" "$NEBULA_ROOT"
    one_check docs "Checking the docs" python3 "$NEBULA_ROOT/tools/check/docs.py" "$NEBULA_ROOT"
    one_check shell "Checking the shell scripts" check_shell
}

# one_check NAME TEXT COMMAND...: a step that shows what it found, and lets the next one run.
one_check() {
    local log
    make_log_folder
    log=$(log_path "check-$1")
    step "$log" "${@:2}" && return
    failed+=("$1")
    tail -n 40 "$log" >&4
}

check_format() {
    cd "$NEBULA_ROOT" && cpp_files | xargs -0 -r clang-format-16 --dry-run --Werror --style=file
}

check_shell() {
    cd "$NEBULA_ROOT" && shell_files | xargs -0 shellcheck --external-sources --source-path="$NEBULA_ROOT"
}

check_tidy() {
    "${compiler_command[@]}" python3 "$NEBULA_ROOT/tools/check/tidy.py" "$NEBULA_ROOT" "$NEBULA_ROOT/build/dev"
}

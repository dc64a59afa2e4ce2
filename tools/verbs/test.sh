# SPDX-License-Identifier: MIT
# ./run test: everything that must hold, in the order that fails soonest.
# shellcheck shell=bash

source "$NEBULA_ROOT/tools/verbs/check.sh"

verb_test() {
    local argument repeat=1 table=() passed=0 failed_count=0 last_ok started=$SECONDS
    for argument in "$@"; do
        case $argument in
            --long) repeat=10 ;;
            *) die_usage "./run test does not know \"$argument\"; its one flag is --long" ;;
        esac
    done
    check_given_engine
    need_packages build test format check picture
    find_engine
    make_log_folder

    counted "checks" test_checks
    counted "build dev" build_with_engine dev all
    if [[ $last_ok ]]; then
        counted "clang-tidy" logged check-tidy "Checking with clang-tidy" check_tidy
        counted "unit tests" unit_tests dev
        counted "engine tests" engine_tests
    fi
    local preset
    for preset in asan tsan gcc; do
        counted "build $preset" build_preset "$preset" all
        [[ ! $last_ok ]] || counted "unit tests, $preset" unit_tests "$preset"
    done
    [[ $repeat == 1 ]] || counted "long runs" long_runs
    # Users get no assertions and full optimisation: the demo proves that this works as a whole.
    counted "build release" build_with_engine release nebula_godot
    [[ ! $last_ok ]] || counted "demo" logged demo-smoke "Running the demo" "$NEBULA_ROOT/run" demo \
        --headless --threads 2 --report "$NEBULA_ROOT/build/demo-smoke.json"

    printf '\n'
    printf '%-24s %-8s %8s\n' step result seconds "${table[@]}" total '' $((SECONDS - started))
    printf '\n%d passed, %d failed\n' "$passed" "$failed_count"
    ((failed_count == 0)) || die "$failed_count tests or steps failed; the table above says which, and build/log/ has the details"
}

# counted NAME COMMAND...: runs one row of the table and sets $last_ok when it passed. A row whose
# command leaves "PASSED FAILED" in build/log/counts adds those; any other row is one test.
counted() {
    local name=$1 start=$SECONDS status=0 here_passed here_failed
    shift
    rm -f "$NEBULA_ROOT/build/log/counts"
    ("$@") || status=$?
    if [[ -s $NEBULA_ROOT/build/log/counts ]]; then
        read -r here_passed here_failed <"$NEBULA_ROOT/build/log/counts"
    else
        here_passed=$((status == 0)) here_failed=0
    fi
    # A program may say that all passed and crash on its way out.
    if ((status != 0 && here_failed == 0)); then here_failed=1; fi
    passed=$((passed + here_passed)) failed_count=$((failed_count + here_failed))
    last_ok=$( ((status == 0)) && echo yes || true)
    table+=("$name" "$([[ $last_ok ]] && echo ok || echo FAILED)" $((SECONDS - start)))
}

# logged LOG TEXT COMMAND...: a step that shows the end of its log when it failed.
logged() {
    local log status=0
    log=$(log_path "$1")
    step "$log" "${@:2}" || status=$?
    if ((status != 0)); then tail -n 60 "$log" >&4; fi
    return "$status"
}

test_checks() {
    local failed=()
    check_sources
    ((${#failed[@]} == 0))
}

# Without the engine's own suite, which has a row of its own.
unit_tests() {
    local preset=$1 status=0 log total failing
    logged "test-$preset" "Testing $preset" ctest --test-dir "$NEBULA_ROOT/build/$preset" \
        --exclude-regex '^godot_integration$' --no-tests=error --repeat until-fail:"$repeat" --output-on-failure --parallel "$(nproc)" || status=$?
    log=$(log_path "test-$preset")
    read -r failing total < <(sed -nE 's/.*, ([0-9]+) tests failed out of ([0-9]+)$/\1 \2/p' "$log") || return 1
    printf '%d %d\n' $((total - failing)) "$failing" >"$NEBULA_ROOT/build/log/counts"
    return "$status"
}

# What needs a billion turns, once, as users' code is compiled. It takes minutes, on a busy machine an hour.
long_runs() {
    build_preset release threading_race_test -DNEBULA_BUILD_TESTS=ON || return
    build_preset release task_stress_test || return
    logged long-runs "Running what takes long" env NEBULA_LONG=1 \
        "$NEBULA_ROOT/build/release/tests/threading/threading_race_test" --gtest_filter='*LongRun*' || return
    logged long-tasks "Ten minutes of tasks at random" env NEBULA_LONG=1 \
        "$NEBULA_ROOT/build/release/tests/task/task_stress_test"
}

# The engine's exit status tells little; run.sh reads what the suite and the engine printed.
engine_tests() {
    local last here there status=0
    GODOT=$engine logged test-engine "Testing in the engine" "$NEBULA_ROOT/tests/godot/run.sh" || status=$?
    last=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$(log_path test-engine)" | tail -n 1) || return 1
    read -r here _ there _ <<<"$last"
    printf '%d %d\n' "$here" "$there" >"$NEBULA_ROOT/build/log/counts"
    return "$status"
}

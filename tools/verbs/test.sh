# SPDX-License-Identifier: MIT
# ./run test: everything that must hold. Each preset builds and runs what no other preset covers:
#   release   what users get: the engine tests, the two templates for extensions, the demo, an exported
#             game, the package, the hashes of meshes at -O3
#   asan      all unit tests, with a random yield between atomic steps
#   tsan      those that have threads, with the same yields
#   gcc       all unit tests, optimised, assertions on, as the code stands
#   dev       clang-tidy, the engine tests with assertions, the tools' own tests, the mutants of the
#             pool's protocols
# The engine tests mostly wait for frames, so they run beside the next builds.
# shellcheck shell=bash

source "$NEBULA_ROOT/tools/verbs/bench.sh"
source "$NEBULA_ROOT/tools/verbs/check.sh"
source "$NEBULA_ROOT/tools/verbs/guide.sh"
source "$NEBULA_ROOT/tools/verbs/package.sh"
source "$NEBULA_ROOT/tools/verbs/sanitized.sh"

verb_test() {
    local argument repeat=1 only='' rows beside_pid='' beside_log last_ok started=$SECONDS
    for argument in "$@"; do
        case $argument in
            --long) repeat=10 ;;
            --windows) only=windows ;;
            kill) only='kill' ;;
            *) die_usage "./run test does not know \"$argument\"; its flags are --long, after which kill may follow, and --windows" ;;
        esac
    done
    if [[ $only == windows ]]; then
        windows_rows
        return
    fi
    if [[ $only && $repeat -eq 1 ]]; then die_usage "kill is a part of the long run: ./run test --long kill"; fi
    check_given_engine
    need_packages build test format check picture bench export guide scons
    find_engine
    make_log_folder
    rows=$(log_path rows)
    : >"$rows"
    trap stop_beside EXIT

    if [[ $only ]]; then
        counted "200 kills" long_kills
        show_rows
        return
    fi
    counted "checks" test_checks
    counted "build release" build_with_engine release "nebula_godot nebula_godot_probe nebula_release_tests"
    if [[ $last_ok ]]; then
        beside release_in_engine
        counted "unit tests, release" unit_tests release --label-regex '^release$'
    fi
    local preset
    for preset in asan tsan gcc; do
        counted "build $preset" build_preset "$preset" all
        [[ ! $last_ok ]] || counted "unit tests, $preset" unit_tests "$preset"
    done
    counted "build bench" build_benchmarks
    # The next preset puts its own library where the projects load it from.
    wait_beside

    counted "build dev" build_with_engine dev "nebula_godot nebula_godot_probe nebula_trace nebula_dev_tests" -DNEBULA_UNITY_ADDON=ON
    if [[ $last_ok ]]; then
        beside dev_in_engine
        counted "unit tests, dev" unit_tests dev --label-regex '^dev$'
        counted "clang-tidy" logged check-tidy "Checking with clang-tidy" check_tidy
        wait_beside
    fi
    if ((repeat > 1)); then
        counted "long runs" long_runs
        counted "package, twice" long_package
        for preset in asan tsan; do
            counted "engine tests, $preset" engine_tests "test-engine-$preset" sanitized_engine_tests "$preset"
        done
    fi
    show_rows
}

# Everything but what needs an engine for Windows, which is not to be had here, run under Wine.
windows_rows() {
    need_packages build windows wine
    make_log_folder
    rows=$(log_path rows)
    : >"$rows"
    # Wine's own folder, of Windows files and settings, is made by the first program that runs.
    export WINEPREFIX=$NEBULA_ROOT/build/wine WINEDEBUG=-all
    counted "build windows" build_for_windows windows all
    if [[ $last_ok ]]; then
        counted "unit tests, windows" unit_tests windows
        counted "package, windows" package_of_windows
    fi
    show_rows
}

# What is in it, and whether its libraries load as they are, stripped. One of them is there under both
# names; ./run package --windows makes two.
package_of_windows() {
    local folder=$NEBULA_ROOT/build/package-test-windows build=$NEBULA_ROOT/build/windows packages
    rm -rf "$folder"
    make_package windows-x86_64 x86_64-w64-mingw32- "$build" "$build/libnebula.dll" "$build" "$build/libnebula.dll" "$folder" || return
    packages=("$folder"/nebula-*-windows-x86_64.zip)
    logged package-test-windows "Looking into the package" "$NEBULA_ROOT/tests/godot/package_windows.sh" "${packages[0]}" "$build/tests/godot/entry_test.exe"
}

# What a game maker gets, in the engine.
release_in_engine() {
    # Before the benchmarks configure this folder anew, from which these install.
    counted "example of godot-cpp" engine_tests test-godot-cpp "$NEBULA_ROOT/tests/godot_cpp/run.sh" "$NEBULA_ROOT/build/release"
    counted "example extension" engine_tests test-extension "$NEBULA_ROOT/tests/extension/run.sh" "$NEBULA_ROOT/build/release"
    counted "engine tests" engine_tests test-engine "$NEBULA_ROOT/tests/godot/run.sh"
    counted "demo" logged demo-smoke "Running the demo" "$NEBULA_ROOT/run" demo \
        --headless --threads 2 --report "$NEBULA_ROOT/build/demo-smoke.json"
    counted "digging game" logged dig-smoke "Playing the digging game" "$NEBULA_ROOT/run" demo --dig \
        --headless --threads 2 --report "$NEBULA_ROOT/build/dig-smoke.json"
    counted "exported demo" exported_demo
    counted "guide" build_guide ''
    counted "package" installed_package
}

dev_in_engine() {
    counted "engine tests, dev" engine_tests test-engine-dev "$NEBULA_ROOT/tests/godot/run.sh"
}

# counted NAME COMMAND...: makes one row of the table and sets $last_ok when it passed. A row whose
# command leaves "PASSED FAILED" in the file $counts adds those; any other row is one test.
counted() {
    local name=$1 start=$SECONDS status=0 counts good=0 bad=0
    shift
    counts=$(mktemp "$NEBULA_ROOT/build/log/counts.XXXXXX")
    ("$@") || status=$?
    if [[ -s $counts ]]; then
        read -r good bad <"$counts"
    else
        good=$((status == 0))
    fi
    rm -f "$counts"
    # A program may say that all passed and crash on its way out.
    if ((status != 0 && bad == 0)); then bad=1; fi
    printf '%s|%d|%d|%d\n' "$name" "$good" "$bad" $((SECONDS - start)) >>"$rows"
    last_ok=$( ((status == 0)) && echo yes || true)
}

# beside FUNCTION: runs the rows of FUNCTION while others go on. What they print is shown when
# wait_beside has waited for them. Builds make way for them, because some tests look at the clock.
beside() {
    beside_log=$(log_path "beside-$1")
    set -m  # a process group of its own, for stop_beside
    "$1" >"$beside_log" 2>&1 4>&1 </dev/null &
    beside_pid=$!
    set +m
    build_command=(nice -n 10)
}

wait_beside() {
    [[ $beside_pid ]] || return 0
    wait "$beside_pid" || true
    beside_pid=''
    build_command=()
    cat "$beside_log" >&4
}

stop_beside() { [[ ! ${beside_pid:-} ]] || kill -- "-$beside_pid" 2>/dev/null || true; }

# The table, and the sum of its columns in the last line.
show_rows() {
    local passed failed
    read -r passed failed < <(awk -F'|' '{ p += $2; f += $3 } END { print p + 0, f + 0 }' "$rows")
    printf '\n%-24s %8s %8s %8s\n' step passed failed seconds
    awk -F'|' '{ printf "%-24s %8d %8d %8d\n", $1, $2, $3, $4 }' "$rows"
    # Rows that ran beside others count once in the time, too.
    printf '%-24s %8d %8d %8d\n' total "$passed" "$failed" $((SECONDS - started))
    printf '\n%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0)) || die "$failed tests or steps failed; the table above says which, and build/log/ has the details"
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

# unit_tests PRESET [CTEST_ARGUMENT...]: one program more than there are CPUs, because many sleep for a
# part of their time. Under the sanitizers few do.
unit_tests() {
    local preset=$1 status=0 log total failing beside=1
    shift
    case $preset in asan | tsan) beside=0 ;; esac
    logged "test-$preset" "Testing $preset" ctest --test-dir "$NEBULA_ROOT/build/$preset" "$@" \
        --no-tests=error --repeat until-fail:"$repeat" --output-on-failure --parallel $(($(nproc) + beside)) || status=$?
    log=$(log_path "test-$preset")
    read -r failing total < <(sed -nE 's/.*, ([0-9]+) tests failed out of ([0-9]+)$/\1 \2/p' "$log") || return 1
    printf '%d %d\n' $((total - failing)) "$failing" >"$counts"
    return "$status"
}

# Nobody runs them in a test, so nothing else would tell that they no longer compile.
build_benchmarks() {
    build_preset release "all nebula_task_bench" -DNEBULA_BUILD_TESTS=OFF -DNEBULA_BUILD_BENCH=ON \
        -DNEBULA_BUILD_GODOT=ON -DNEBULA_GODOT="$engine" &&
        logged bench-godot "Building the peer in Godot" godot_build "$NEBULA_ROOT/build/release/bench/threading"
}

# The package as a user installs it. Its debug library takes a build of its own, which only the long
# run makes; here it is the release library under another name.
installed_package() {
    local folder=$NEBULA_ROOT/build/package-test template packages
    local release=("$NEBULA_ROOT/build/release" "$NEBULA_ROOT/addon/addons/nebula/bin/libnebula.so")
    template=$("$NEBULA_ROOT/tools/get_godot.sh" --export-template) || return
    rm -rf "$folder"
    make_package linux-x86_64 '' "${release[@]}" "${release[@]}" "$folder"
    packages=("$folder"/nebula-*-linux-x86_64.zip)
    GODOT=$engine logged package-test "Installing the package and playing with it" "$NEBULA_ROOT/tests/godot/package.sh" "${packages[0]}" "$template"
}

# Two folders, two whole builds, the same bytes.
long_package() {
    local scratch copy seconds status=0
    scratch=$(mktemp -d) && seconds=$(commit_time) || return
    copy=$scratch/a/folder/of/another/length
    mkdir -p "$copy" &&
        git -C "$NEBULA_ROOT" ls-files -z | tar -C "$NEBULA_ROOT" --null -T - -cf - | tar -C "$copy" -xf - &&
        logged long-package "Packing" env SOURCE_DATE_EPOCH="$seconds" "$NEBULA_ROOT/run" package --windows &&
        logged long-package-copy "Packing in another folder" env SOURCE_DATE_EPOCH="$seconds" "$copy/run" package --windows &&
        logged long-package-compared "Comparing the packages" same_packages "$NEBULA_ROOT/out" "$copy/out" || status=$?
    rm -rf "$scratch"
    return "$status"
}

same_packages() {
    local package
    for package in "$1"/nebula-*-{linux,windows}-x86_64*.zip; do
        cmp "$package" "$2/$(basename "$package")" || return
    done
}

# What needs a billion turns, once, as users' code is compiled. It takes minutes, on a busy machine an hour.
long_runs() {
    build_preset release "threading_race_test task_stress_test streamer_test brush_test" -DNEBULA_BUILD_TESTS=ON || return
    logged long-runs "Running what takes long" env NEBULA_LONG=1 \
        "$NEBULA_ROOT/build/release/tests/threading/threading_race_test" --gtest_filter='*LongRun*' || return
    logged long-tasks "Ten minutes of tasks at random" env NEBULA_LONG=1 \
        "$NEBULA_ROOT/build/release/tests/task/task_stress_test" || return
    logged long-streamer "Ten minutes of streaming at random" env NEBULA_LONG=1 \
        "$NEBULA_ROOT/build/release/tests/voxel/streamer_test" --gtest_filter='StreamerSimulation*' || return
    long_kills || return
    logged long-store "Damaging a million bricks, files and regions" env NEBULA_LONG=1 \
        "$NEBULA_ROOT/build/release/tests/voxel/world_store_test" --gtest_filter='*Damaged*' || return
    logged long-records "Damaging a million records of edits" env NEBULA_LONG=1 \
        "$NEBULA_ROOT/build/release/tests/voxel/brush_test" --gtest_filter='*Damaged*' || return
    logged long-mutants "Trying all mutants afresh" env NEBULA_LONG=1 ctest --test-dir "$NEBULA_ROOT/build/dev" \
        --tests-regex '^threading_mutation_test$' --no-tests=error --output-on-failure
}

# A program that digs and saves is killed 200 times.
long_kills() {
    build_preset release world_store_test -DNEBULA_BUILD_TESTS=ON &&
        logged long-kills "Killing a program that saves, 200 times" env NEBULA_LONG=1 \
            "$NEBULA_ROOT/build/release/tests/voxel/world_store_test" --gtest_filter='*AKilledProgram*'
}

# engine_tests LOG COMMAND...: the engine's exit status tells little; run.sh reads what the suite and
# the engine printed.
engine_tests() {
    local log=$1 last good bad status=0
    shift
    GODOT=$engine logged "$log" "Testing in the engine" "$@" || status=$?
    last=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$(log_path "$log")" | tail -n 1) || return 1
    read -r good _ bad _ <<<"$last"
    printf '%d %d\n' "$good" "$bad" >"$counts"
    return "$status"
}

exported_demo() {
    local template
    template=$("$NEBULA_ROOT/tools/get_godot.sh" --export-template) || return
    GODOT=$engine logged export "Exporting the demo and playing the export" "$NEBULA_ROOT/tests/godot/export.sh" "$template"
}

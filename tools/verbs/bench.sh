# SPDX-License-Identifier: MIT
# ./run bench [NAME...]: the benchmark whose driver is bench/*/bench_NAME.py; without names, all of
# them. Each driver writes a JSON file and a page beside it.
# shellcheck shell=bash

verb_bench() {
    local json='' quick='' names=() known=() name
    local -A figures=() pages=()
    list_benchmarks
    parse_bench_arguments "$@"
    for name in "${names[@]}"; do
        figures[$name]=${json:-$NEBULA_ROOT/out/bench-$name.json}
        need_output figures "${figures[$name]}"
        pages[$name]=$(page_beside "${figures[$name]}")
        need_output page "${pages[$name]}"
    done

    [[ " ${names[*]} " != *" task "* && " ${names[*]} " != *" terrain "* ]] || check_given_engine
    need_packages build bench
    for name in "${names[@]}"; do
        "bench_$name" "${figures[$name]}" "${pages[$name]}"
    done
}

build_programs() { build_preset release all -DNEBULA_BUILD_TESTS=OFF -DNEBULA_BUILD_BENCH=ON -DNEBULA_BUILD_GODOT=OFF; }

# Sets $known.
list_benchmarks() {
    local file name
    for file in "$NEBULA_ROOT"/bench/*/bench_*.py; do
        [[ -f $file ]] || continue
        name=$(basename "$file" .py)
        known+=("${name#bench_}")
    done
}

# Sets $names, $json and $quick.
parse_bench_arguments() {
    local argument
    while (($# > 0)); do
        argument=$1
        shift
        case $argument in
            --quick) quick=--quick ;;
            --quick=*) die_usage "--quick takes no value and got \"$argument\"" ;;
            --json | --json=*)
                if [[ $argument == --json ]]; then
                    (($# > 0)) || die_usage "--json needs a value; ./run help shows which"
                    json=$1
                    shift
                else
                    json=${argument#*=}
                fi
                [[ $json ]] || die_usage "--json needs a value and got an empty one; ./run help shows which"
                [[ $json != *.html ]] || die_usage "--json names $json, where the page with the plots would go; name another file"
                json=$(output_path --json "$json") || exit $?
                ;;
            -*) die_usage "./run bench does not know \"$argument\"; ./run help lists its flags" ;;
            *)
                [[ " ${known[*]} " == *" $argument "* ]] ||
                    die_usage "there is no benchmark \"$argument\"; bench/ has ${known[*]:-none yet}"
                names+=("$argument")
                ;;
        esac
    done
    ((${#known[@]} > 0)) || die "there is no benchmark to run; bench/ has none yet"
    ((${#names[@]} > 0)) || names=("${known[@]}")
    [[ ! $json ]] || ((${#names[@]} == 1)) ||
        die_usage "--json names one file, and each benchmark writes one; ask for one of them"
}

# page_beside FILE: the same name with .html for its ending.
page_beside() {
    local name
    name=$(basename -- "$1")
    case $name in
        ?*.*) name=${name%.*} ;;
    esac
    printf '%s/%s.html' "$(dirname -- "$1")" "$name"
}

# Installs what the peers need. Without it, fewer peers are built, and the driver says which.
bring_in_peers() {
    optional_packages tbb
    optional_packages rust
    command -v cargo >/dev/null || optional_packages cargo
}

optional_packages() {
    (need_packages "$1") 2>/dev/null || say "The packages of the peers ($1) could not be installed; the benchmark runs without them."
}

# bench_pool JSON PAGE
bench_pool() {
    bring_in_peers
    build_programs
    build_rust_peers
    build_godot_peer
    python3 -B "$NEBULA_ROOT/bench/threading/bench_pool.py" \
        --programs "$NEBULA_ROOT/build/release/bench/threading" --json "$1" --html "$2" ${quick:+"$quick"} || exit $?
}

# bench_task JSON PAGE
bench_task() {
    find_engine
    build_preset release nebula_task_bench -DNEBULA_BUILD_TESTS=OFF -DNEBULA_BUILD_BENCH=ON \
        -DNEBULA_BUILD_GODOT=ON -DNEBULA_GODOT="$engine"
    python3 -B "$NEBULA_ROOT/bench/task/bench_task.py" --engine "$engine" \
        --library "$NEBULA_ROOT/build/release/bench/task" --json "$1" --html "$2" ${quick:+"$quick"} || exit $?
}

# bench_voxel JSON PAGE
bench_voxel() {
    build_programs
    python3 -B "$NEBULA_ROOT/bench/voxel/bench_voxel.py" \
        --programs "$NEBULA_ROOT/build/release/bench" --json "$1" --html "$2" ${quick:+"$quick"} || exit $?
}

# bench_terrain JSON PAGE: with the add-on that users get.
bench_terrain() {
    build_with_engine release "nebula_godot machine_speed" -DNEBULA_BUILD_TESTS=OFF -DNEBULA_BUILD_BENCH=ON
    python3 -B "$NEBULA_ROOT/bench/terrain/bench_terrain.py" --engine "$engine" \
        --addons "$NEBULA_ROOT/addon/addons" --programs "$NEBULA_ROOT/build/release/bench" \
        --json "$1" --html "$2" ${quick:+"$quick"} || exit $?
}

# In a copy: cargo writes beside the sources.
build_rust_peers() {
    local folder=$NEBULA_ROOT/build/release/bench/threading/rust log
    make_log_folder
    log=$(log_path bench-rust)
    if ! command -v cargo >/dev/null; then
        printf 'there is no cargo on the PATH\n' >"$log"
        rm -rf -- "$folder"
        return
    fi
    # A failure leaves no program of an earlier run behind.
    step "$log" "Building the peers in Rust" cargo_build "$folder" || rm -rf -- "$folder"
}

cargo_build() {
    mkdir -p -- "$1" && cp -ru -- "$NEBULA_ROOT/bench/threading/contenders/rust/." "$1/" &&
        cd -- "$1" && cargo build --release --offline
}

# The engine's own pool, driven from C++ inside the engine. Without an engine this one peer is missing.
build_godot_peer() {
    local programs=$NEBULA_ROOT/build/release/bench/threading log
    log=$(log_path bench-godot)
    # A program of an earlier engine must not pass for this one's.
    rm -f -- "$programs/pool_godot"
    (find_engine && step "$log" "Building the peer in Godot" godot_build "$programs") 2>/dev/null ||
        rm -f -- "$programs/pool_godot"
}

godot_build() {
    local folder=$1/godot flags
    mkdir -p -- "$folder" &&
        python3 "$NEBULA_ROOT/tools/bindgen/dump.py" --godot "$engine" --out "$folder/dump" &&
        flags=$(python3 -B "$NEBULA_ROOT/bench/godot/prepare.py" --godot "$engine" --folder "$folder" --program "$1/pool_godot") || return
    # shellcheck disable=SC2086  # one argument a flag
    clang++-16 -std=c++20 -O3 -DNDEBUG -Wall -Wextra -Wshadow -Wconversion -Werror -fPIC -shared -fvisibility=hidden \
        -fuse-ld=lld-16 -I "$NEBULA_ROOT" -isystem "$folder/dump" $flags \
        "$NEBULA_ROOT/bench/godot/worker_thread_pool.cpp" -o "$folder/pool_bench.so"
}

# SPDX-License-Identifier: MIT
# ./run bench [NAME...]: the programs of bench/NAME/; without names, all of them. The worker pool's
# (bench/threading/) is called pool: it has peers and a driver of its own.
# shellcheck shell=bash

verb_bench() {
    local json='' page='' quick='' names=() known=()
    list_benchmarks
    parse_bench_arguments "$@"
    if [[ " ${names[*]} " == *" pool "* ]]; then
        json=${json:-$NEBULA_ROOT/out/bench-pool.json}
        need_output figures "$json"
        page=$(page_beside "$json")
        need_output page "$page"
    fi

    need_packages build bench
    if [[ " ${names[*]} " == *" pool "* ]]; then bring_in_peers; fi
    build_preset release all -DNEBULA_BUILD_TESTS=OFF -DNEBULA_BUILD_BENCH=ON -DNEBULA_BUILD_GODOT=OFF
    local name program
    for name in "${names[@]}"; do
        if [[ $name == pool ]]; then
            bench_pool
            continue
        fi
        for program in "$NEBULA_ROOT/build/release/bench/$name"/*_bench; do
            "$program" || die "the benchmark $(basename "$program") failed; what it said is above"
        done
    done
}

# Sets $known.
list_benchmarks() {
    local file
    for file in "$NEBULA_ROOT"/bench/*/CMakeLists.txt; do
        [[ ! -f $file ]] || known+=("$(basename "$(dirname "$file")")")
    done
    known=("${known[@]/#threading/pool}")
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
    [[ ! $json$quick || " ${names[*]} " == *" pool "* ]] ||
        die_usage "--json and --quick are for ./run bench pool, and the benchmarks asked for are ${names[*]}"
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

# What the peers need. Without it there are fewer of them, and the driver says which.
bring_in_peers() {
    optional_packages tbb
    optional_packages rust
    command -v cargo >/dev/null || optional_packages cargo
}

optional_packages() {
    (need_packages "$1") 2>/dev/null || say "The packages of the peers ($1) are not to be had; the benchmark runs without them."
}

bench_pool() {
    build_rust_peers
    build_godot_peer
    python3 -B "$NEBULA_ROOT/bench/threading/bench_pool.py" \
        --programs "$NEBULA_ROOT/build/release/bench/threading" --json "$json" --html "$page" ${quick:+"$quick"} || exit $?
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

# The engine's own pool, driven from C++ inside the engine. An engine that is not to be had costs a
# peer, not the run.
build_godot_peer() {
    local programs=$NEBULA_ROOT/build/release/bench/threading log
    log=$(log_path bench-godot)
    # What an earlier engine left is not this one's.
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

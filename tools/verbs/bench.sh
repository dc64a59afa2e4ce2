# SPDX-License-Identifier: MIT
# ./run bench [NAME...]: the programs of bench/NAME/; without names, all of them.
# shellcheck shell=bash

verb_bench() {
    local name program names=()
    for name in "$NEBULA_ROOT"/bench/*/CMakeLists.txt; do
        [[ -f $name ]] && names+=("$(basename "$(dirname "$name")")")
    done
    for name in "$@"; do
        [[ " ${names[*]} " == *" $name "* ]] ||
            die_usage "there is no benchmark \"$name\"; bench/ has ${names[*]:-none yet}"
    done
    ((${#names[@]} > 0)) || die "there is no benchmark to run; bench/ has none yet"
    need_packages build bench
    build_preset release all -DNEBULA_BUILD_TESTS=OFF -DNEBULA_BUILD_BENCH=ON -DNEBULA_BUILD_GODOT=OFF
    if (($# == 0)); then set -- "${names[@]}"; fi
    for name in "$@"; do
        for program in "$NEBULA_ROOT/build/release/bench/$name"/*_bench; do
            "$program" || die "the benchmark $(basename "$program") failed; what it said is above"
        done
    done
}

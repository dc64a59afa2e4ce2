# SPDX-License-Identifier: MIT
# ./run sanitized [asan|tsan] [FILTER]: the engine tests with the extension under sanitizers, in an
# engine that is not. What goes wrong in the engine's own memory stays unseen.
# shellcheck shell=bash

verb_sanitized() {
    local kind=asan
    case ${1:-} in
        asan | tsan) kind=$1 && shift ;;
    esac
    (($# <= 1)) && [[ ${1:-} != -* ]] ||
        die_usage "./run sanitized takes asan or tsan and the part of a test's name, and got \"$*\""
    check_given_engine
    need_packages build test
    sanitized_engine_tests "$kind" "$@"
}

# sanitized_engine_tests asan|tsan [FILTER]
sanitized_engine_tests() {
    local kind=$1 folder=$NEBULA_ROOT/build/engine-$1 runtime
    shift
    build_with_engine "engine-$kind" "nebula_godot nebula_godot_probe"
    write_sanitized_engine
    GODOT=$folder/engine "$NEBULA_ROOT/tests/godot/run.sh" "$@"
}

# Writes $folder/engine, which starts $engine with the sanitizer's runtime in it.
write_sanitized_engine() {
    # The engine opens extensions with RTLD_DEEPBIND, under which a sanitizer's malloc and the
    # process's would be two, and the sanitizer refuses that. So the flag is taken off.
    cat >"$folder/no_deepbind.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
void *dlopen(const char *file, int flags) {
    void *(*next)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    return next(file, flags & ~RTLD_DEEPBIND);
}
END
    clang-16 -shared -fPIC -o "$folder/no_deepbind.so" "$folder/no_deepbind.c" ||
        die "a small C file could not be compiled; see above"
    runtime=$(clang++-16 "-print-file-name=libclang_rt.$kind-x86_64.so")
    # No leak check: the engine never frees much of what it holds at its end. Of threads, what the
    # engine does with memory and with its own locks is left out, because how it orders that is not
    # seen.
    cat >"$folder/engine" <<END
#!/bin/sh
export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_interceptors_accesses=1:detect_deadlocks=0
LD_PRELOAD="$folder/no_deepbind.so $runtime" exec "$engine" "\$@"
END
    chmod +x "$folder/engine"
}

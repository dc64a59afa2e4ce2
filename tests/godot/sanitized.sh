#!/bin/sh
# The integration tests with the extension under sanitizers, in an engine that is not: what is wrong
# inside the engine's own memory stays unseen.
#   tests/godot/sanitized.sh [asan|tsan] [filter]     after ./run build, which brings in what it needs
# asan, as it begins, is addresses and undefined behaviour; tsan is threads. Builds in
# build/engine-asan or -tsan. The add-on holds that library until the next ./run brings its own.
set -eu
kind=asan
case ${1:-} in
    asan | tsan) kind=$1 && shift ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/engine-$kind
bin=$root/addon/addons/nebula/bin
engine=$("$root/tools/get_godot.sh")

if [ "$(cat "$bin/preset" 2> /dev/null)" != "engine-$kind" ]; then
    mkdir -p "$bin"
    rm -f "$bin/libnebula.so" "$here/probe/bin/libnebula_probe.so"
    echo "engine-$kind" > "$bin/preset"
fi
# The runtime is shared with the process, which has to load it first.
(cd "$root" && cmake --preset "$kind" -B "$build" -DNEBULA_BUILD_TESTS=ON -DNEBULA_BUILD_EXAMPLES=OFF \
    -DNEBULA_BUILD_GODOT=ON -DNEBULA_GODOT="$engine" \
    "-DCMAKE_MODULE_LINKER_FLAGS=-fuse-ld=lld-16 -shared-libsan")
cmake --build "$build" --target nebula_godot nebula_godot_probe

# The engine opens extensions with RTLD_DEEPBIND, under which a sanitizer's malloc and the
# process's would be two; the sanitizer refuses that. So the flag is taken off.
cat > "$build/no_deepbind.c" << 'END'
#define _GNU_SOURCE
#include <dlfcn.h>
void *dlopen(const char *file, int flags) {
    void *(*next)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    return next(file, flags & ~RTLD_DEEPBIND);
}
END
clang-16 -shared -fPIC -o "$build/no_deepbind.so" "$build/no_deepbind.c"
runtime=$(clang++-16 "-print-file-name=libclang_rt.$kind-x86_64.so")

# No leak check: at its end the engine holds much that it never frees. Of threads, what the engine
# does with memory and with its own locks is left out: how it orders that is not seen.
cat > "$build/engine" << END
#!/bin/sh
export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_interceptors_accesses=1:detect_deadlocks=0
LD_PRELOAD="$build/no_deepbind.so $runtime" exec "$engine" "\$@"
END
chmod +x "$build/engine"
GODOT=$build/engine "$here/run.sh" "$@"

#!/bin/sh
# The integration tests with the extension under the address and undefined-behaviour sanitizers, in
# an engine that is not: what is wrong inside the engine's own memory stays unseen.
#   tests/godot/sanitized.sh [filter]        after ./run build, which brings in what it needs
# Builds in build/engine-asan. The add-on holds that library until the next ./run brings its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/engine-asan
bin=$root/addon/addons/nebula/bin
engine=$("$root/tools/get_godot.sh")

if [ "$(cat "$bin/preset" 2> /dev/null)" != engine-asan ]; then
    mkdir -p "$bin"
    rm -f "$bin/libnebula.so"
    echo engine-asan > "$bin/preset"
fi
# The runtime is shared with the process, which has to load it first.
(cd "$root" && cmake --preset asan -B "$build" -DNEBULA_BUILD_TESTS=OFF -DNEBULA_BUILD_EXAMPLES=OFF \
    -DNEBULA_BUILD_GODOT=ON -DNEBULA_GODOT="$engine" \
    "-DCMAKE_MODULE_LINKER_FLAGS=-fuse-ld=lld-16 -shared-libsan")
cmake --build "$build" --target nebula_godot

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
runtime=$(clang++-16 -print-file-name=libclang_rt.asan-x86_64.so)

# No leak check: at its end the engine holds much that it never frees.
cat > "$build/engine" << END
#!/bin/sh
export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 UBSAN_OPTIONS=print_stacktrace=1
LD_PRELOAD="$build/no_deepbind.so $runtime" exec "$engine" "\$@"
END
chmod +x "$build/engine"
GODOT=$build/engine "$here/run.sh" "$@"

# SPDX-License-Identifier: MIT
# ./run help
# shellcheck shell=bash

verb_help() {
    cat <<'TEXT'
./run demo    build, then dig into a terrain in a real Godot; writes out/demo.json and out/demo.png
      --headless          no window; a picture only with --screenshot
      --threads N         workers, 1 to 256 (default: the cores less two, at least one)
      --seconds S         how long the digging lasts
      --config FILE.toml  settings of the worker pool, section [threading.worker_pool]
      --report FILE       where the figures go (JSON)
      --screenshot FILE   where the picture goes (PNG)
./run test    checks, unit tests, engine tests, sanitizers, the second compiler; ends "N passed, M failed"
      --long              every unit test ten times, for the races that need luck, and what
                          needs a billion turns once
./run bench   [NAME...] the benchmarks in bench/: pool, task, voxel; without names, all of them
      pool                the worker pool beside oneTBB, OpenMP, rayon, async-executor and others
      task                tasks beside GDScript's coroutines, in the engine
      --json FILE         where the figures of one of these two go (default: out/bench-pool.json,
                          out/bench-task.json); plots beside it (.html)
      --quick             a minute and a half instead of eight; for task 20 seconds instead of two minutes
./run build   [PRESET] dev (default), release, asan, tsan or gcc
./run godot   [ARGUMENT...] the engine's editor on demo/; arguments go to the engine
./run format  format the C++ in place
./run check   formatting, who includes whom, paths named in the docs, shellcheck, clang-tidy
./run help    this text

Every verb brings in what it misses (Debian packages, and Godot when neither $GODOT nor the PATH has
one from 4.5 on). After that no verb needs the network. Logs are in build/log/.
TEXT
}

# SPDX-License-Identifier: MIT
# ./run help
# shellcheck shell=bash

verb_help() {
    cat <<'TEXT'
./run demo    build the add-on, then dig into a terrain in a real Godot; writes out/demo.json and
              out/demo.png
      --headless          no window; a picture only with --screenshot
      --threads N         number of workers, 1 to 256 (default: two fewer than cores, at least one)
      --seconds S         how long the digging lasts
      --flight[=S]        fly over the hills and dig near and far, for S seconds (default: 60)
      --config FILE.toml  settings of the worker pool, section [threading.worker_pool]
      --report FILE       where the figures go (JSON)
      --screenshot FILE   where the picture goes (PNG)
      --dig               play the digging game of demo/dig by itself instead; writes out/dig.json and
                          pictures in out/dig/
      --cookbook[=NAME]   show every recipe of demo/cookbook instead, or one; pictures in out/cookbook/
      --play              for a person with a display: alone, with --dig or with --cookbook, which
                          opens its menu
      --pictures FOLDER   where the pictures of --dig and --cookbook go
./run addon   build only the add-on, as a game ships it, and print where it is
./run package build the zip that people install, out/nebula-VERSION-linux-x86_64.zip, its symbols and
              SHA256SUMS; the same commit gives the same bytes
      --windows           and the one for Windows, nebula-VERSION-windows-x86_64.zip
./run godot   [ARGUMENT...] build the add-on and open demo/ in the editor; arguments go to the engine
./run guide   build the guide as a site in out/guide/, with pictures that the recipes and the editor take
      --kept-pictures     with the pictures in docs/ instead, which takes seconds
./run examples [NAME...] build the templates for extensions against an installed Nebula, put them into
              projects beside the add-on, in build/examples/, and play them: extension, godot_cpp
./run build   [PRESET] build everything, tests too: dev (default), release, asan, tsan or gcc
./run test    checks, unit tests, sanitizers, the second compiler, engine tests with the add-on as
              users get it, an exported game, the package; ends with "N passed, M failed"
      --long              run every unit test ten times, for rare races; the tests of a billion turns
                          once; the engine tests under both sanitizers; the package from two folders
      --windows           instead, all that needs no engine, built for Windows and run under Wine, and
                          what is in the package for it
      --long kill         only kill a program that digs and saves, 200 times
./run sanitized [asan|tsan] [FILTER] the engine tests with the extension under the address and
              undefined-behaviour sanitizers (default) or the thread sanitizer; FILTER is part of a
              test's name
./run check   formatting, includes, paths and names in the docs, shellcheck, clang-tidy
./run format  format the C++ in place
./run bench   [NAME...] run the benchmarks in bench/: pool, task, terrain, voxel; without names, all of
              them. Each writes out/bench-NAME.json and a page with plots beside it (.html)
      pool                the worker pool compared with oneTBB, OpenMP, rayon and others
      task                tasks compared with GDScript's coroutines, in the engine
      terrain             loading, digging and flying over a terrain, in the engine
      voxel               meshing, filling and editing chunks
      --json FILE         where the figures of one benchmark go
      --quick             few samples: 90 seconds instead of eight minutes for pool, 20 seconds instead of
                          two minutes for task, 75 seconds instead of eight minutes for terrain, ten seconds
                          instead of a minute for voxel
./run help    this text

Every verb installs what is missing: Debian packages, and Godot if neither $GODOT nor the PATH has
version 4.5 or newer. After that, no verb needs the network. Logs are in build/log/.
TEXT
}

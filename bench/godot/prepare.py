#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out what worker_thread_pool.cpp needs to run in an engine.

    prepare.py --godot COMMAND --folder FOLDER --program FILE

Makes a project for each number of threads, FOLDER/1 and FOLDER/2, both with the extension
FOLDER/pool_bench.so in their list, and FILE, which takes a contender's arguments and starts the
engine on the right one. Prints the compiler flags for what the engine's dump in FOLDER/dump says.
"""
import argparse
import json
import pathlib
import shlex

METHODS = {
    "wait_for_task_completion": "POOL_WAIT_TASK_HASH",
    "wait_for_group_task_completion": "POOL_WAIT_GROUP_HASH",
    "is_task_completed": "POOL_IS_COMPLETED_HASH",
}
PROJECT = """config_version=5
[application]
config/name="Nebula pool benchmark"
run/main_scene="res://main.tscn"
[threading]
worker_pool/max_threads={threads}
"""
SCENE = """[gd_scene format=3]
[node name="Main" type="Node"]
"""
EXTENSION = """[configuration]
entry_symbol = "pool_bench_init"
compatibility_minimum = "4.5"
[libraries]
linux = "res://pool_bench.so"
"""
# The engine has its own idea of a command line, so the row travels in the environment.
PROGRAM = """#!/bin/sh
POOL_ROW="$*" exec {engine} --headless --no-header --path {folder}/"$2"
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--godot", required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()

    for threads in (1, 2):
        project = folder / str(threads)
        (project / ".godot").mkdir(parents=True, exist_ok=True)
        (project / "project.godot").write_text(PROJECT.format(threads=threads), encoding="utf-8")
        (project / "main.tscn").write_text(SCENE, encoding="utf-8")
        (project / "pool.gdextension").write_text(EXTENSION, encoding="utf-8")
        # Only an editor would write this list.
        (project / ".godot/extension_list.cfg").write_text("res://pool.gdextension\n", encoding="utf-8")
        library = project / "pool_bench.so"
        library.unlink(missing_ok=True)
        library.symlink_to("../pool_bench.so")
    arguments.program.write_text(PROGRAM.format(engine=shlex.quote(arguments.godot), folder=shlex.quote(str(folder))), encoding="utf-8")
    arguments.program.chmod(0o755)

    classes = json.loads((folder / "dump/extension_api.json").read_text(encoding="utf-8"))["classes"]
    methods = {m["name"]: m["hash"] for c in classes if c["name"] == "WorkerThreadPool" for m in c["methods"]}
    print(" ".join(f"-D{macro}={methods[name]}" for name, macro in METHODS.items()))


if __name__ == "__main__":
    main()

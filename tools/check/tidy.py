#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs clang-tidy over the library's sources, once for each state of each of them.

    tidy.py ROOT BUILD     BUILD is a Ninja build folder in which everything was built

A source takes seconds, most of them spent in the standard library's headers. So a clean result is
remembered under a key made of everything that went into it: the source and every header it
includes (Ninja knows them), the compiler's command, clang-tidy's settings and version. What several
sources find in the same header is printed once. Tests are left out: they are twice as many files,
and assertion macros are slow to analyse.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

CLANG_TIDY = "clang-tidy-16"
CHECKED = "nebula/"
# "12122 warnings generated.": those of system headers, which are not shown.
COUNT_LINE = re.compile(r"^\d+ warnings? generated\.$|^Suppressed \d+ warnings|^Use -header-filter")


def parse_deps(text):
    """`ninja -t deps` as {object: [path, ...]}."""
    deps, current = {}, None
    for line in text.splitlines():
        if line.startswith(" "):
            deps[current].append(line.strip())
        elif ": #deps" in line:
            current = line.split(": #deps")[0]
            deps[current] = []
    return deps


class Hasher:
    """The hash of a file's content; each file is read once."""

    def __init__(self):
        self.known = {}

    def __call__(self, path):
        if path not in self.known:
            try:
                self.known[path] = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError:
                self.known[path] = "missing"
        return self.known[path]


def commands_to_check(root, build, deps):
    """One command for each source under CHECKED: the one of a target that is built, if any is."""
    chosen = {}
    for command in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        file = pathlib.Path(command["file"])
        if not file.is_relative_to(root) or not str(file.relative_to(root)).startswith(CHECKED):
            continue
        # CMake 3.25 names the object nowhere else.
        command["output"] = command["command"].partition(" -o ")[2].split(" ")[0]
        if file not in chosen or (command["output"] in deps and chosen[file]["output"] not in deps):
            chosen[file] = command
    return chosen


def key_of(command, build, deps, settings, content):
    """What the result depends on; None when that is not known, since the source was not built."""
    if command["output"] not in deps:
        return None
    key = hashlib.sha256(settings.encode())
    key.update(command["command"].encode())
    for path in [command["file"], *deps[command["output"]]]:
        key.update(f"{path} {content(build / path)}".encode())
    return key.hexdigest()


def findings(output):
    """The output cut into findings: a line with a position and the lines that explain it."""
    found = []
    for line in output.splitlines():
        if COUNT_LINE.match(line):
            continue
        if re.match(r"^\S+:\d+:\d+: (warning|error):", line) or not found:
            found.append([])
        found[-1].append(line)
    return ["\n".join(lines) for lines in found]


def main(arguments):
    root, build = (pathlib.Path(argument).resolve() for argument in arguments)
    deps = parse_deps(subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout)
    commands = commands_to_check(root, build, deps)
    memory = build / "tidy"
    memory.mkdir(exist_ok=True)
    # Of its own, with one command a source: clang-tidy runs once for each it finds.
    (memory / "compile_commands.json").write_text(json.dumps(list(commands.values())), encoding="utf-8")
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    settings = version + (root / ".clang-tidy").read_text(encoding="utf-8")
    content = Hasher()
    keys = {file: key_of(command, build, deps, settings, content) for file, command in commands.items()}
    stale = [file for file, key in sorted(keys.items()) if key is None or not (memory / key).exists()]

    def check(file):
        result = subprocess.run(
            [CLANG_TIDY, "-p", memory, "--quiet", file],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if result.returncode == 0 and keys[file]:
            (memory / keys[file]).touch()
        return result.returncode, findings(result.stdout)

    failed, shown = 0, set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for status, found in pool.map(check, stale):
            failed += status != 0
            for finding in found:
                if finding and finding not in shown:
                    shown.add(finding)
                    print(finding.replace(f"{root}/", ""), flush=True)
    print(f"{len(keys)} sources, {len(keys) - len(stale)} known to be clean, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

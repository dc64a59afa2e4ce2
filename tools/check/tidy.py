#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs clang-tidy over the library's sources, once for each state of each of them.

    tidy.py ROOT BUILD     BUILD is a Ninja build folder in which everything was built

A source takes seconds, most of them spent in the standard library's headers. So a clean result is
remembered under a key made of everything that went into it: the source and every header it
includes (Ninja knows them), the compiler's command, clang-tidy's settings and version. What several
sources find in the same header is printed once. Tests are left out: they are twice as many files,
and assertion macros are slow to analyse. The memory is a folder of the user's cache, where the engine
is kept, too, so a new clone need not check again what an older one has checked.

Those that are not known are checked together: each parse of the headers is shared by many sources.
Their texts stand one after the other in one file, and not as lines of #include, because the analyzer
follows the functions of the main file only. A batch that is not clean, or does not compile since two
sources use one name, is cut in half and tried again; a source that is left alone is checked as it is.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from ninja_files import recorded_dependencies  # noqa: E402

CLANG_TIDY = "clang-tidy-16"
CHECKED = "nebula/"
# Larger batches share more, and leave one CPU idle at the end.
BATCH_BYTES = 100_000
# How far the analyzer follows one function; by itself ten times as far, for three times the time.
ANALYZER = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=25000"]
UNITY_SOURCE = re.compile(r"unity_\w+\.cxx$")
# In a batch, a local name may be that of another source's function.
BATCH_ONLY = ["-Wno-shadow"]
# What nobody asked for in this time is forgotten.
KEPT_SECONDS = 30 * 24 * 3600
# "12122 warnings generated.": those of system headers, which are not shown.
COUNT_LINE = re.compile(r"^\d+ warnings? generated\.$|^Suppressed \d+ warnings|^Use -header-filter")


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


def single_commands(commands):
    """The commands; in place of that of a unity source, one for each source that it includes."""
    for command in commands:
        file = pathlib.Path(command["file"])
        if not UNITY_SOURCE.match(file.name):
            yield command
            continue
        for included in re.findall(r'^#include "(.+)"$', file.read_text(encoding="utf-8"), re.MULTILINE):
            yield {**command, "file": included, "command": command["command"].replace(f" -c {file}", f" -c {included}")}


def commands_to_check(root, build, deps):
    """One command for each source under CHECKED: the one of a target that is built, if any is."""
    chosen = {}
    for command in single_commands(json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))):
        file = pathlib.Path(command["file"])
        if not file.is_relative_to(root) or not str(file.relative_to(root)).startswith(CHECKED):
            continue
        # CMake 3.25 names the object nowhere else.
        command["output"] = command["command"].partition(" -o ")[2].split(" ")[0]
        if file not in chosen or (command["output"] in deps and chosen[file]["output"] not in deps):
            chosen[file] = command
    return chosen


def key_of(command, root, build, deps, settings, content):
    """What the result depends on, wherever ROOT is; None when that is not known, since the source was
    not built."""
    if command["output"] not in deps:
        return None
    key = hashlib.sha256(settings.encode())
    key.update(command["command"].replace(str(root), "").encode())
    for path in [command["file"], *deps[command["output"]]]:
        key.update(f"{path} ".replace(str(root), "").encode())
        key.update(content(build / path).encode())
    return key.hexdigest()


class Memory:
    """The keys of clean results, a file for each. Without a cache, BUILD has them."""

    def __init__(self, build):
        home = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME") and os.environ["HOME"] + "/.cache")
        cache = os.environ.get("NEBULA_CACHE") or (home and home + "/nebula")
        self.folder = pathlib.Path(cache or build) / "tidy-clean"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "writable").touch()
        except OSError:
            self.folder = build / "tidy-clean"
            self.folder.mkdir(exist_ok=True)

    def has(self, key):
        try:
            os.utime(self.folder / key)
        except OSError:
            return False
        return True

    def add(self, key):
        (self.folder / key).touch()

    def forget_old(self):
        for entry in os.scandir(self.folder):
            if entry.stat().st_mtime < time.time() - KEPT_SECONDS:
                pathlib.Path(entry.path).unlink(missing_ok=True)


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


def batches_of(files, commands):
    """The files in groups of the same flags, neighbours together; the largest group first."""
    by_flags = {}
    for file in files:
        command = commands[file]
        flags = command["command"].replace(str(file), "").replace(command["output"], "")
        by_flags.setdefault(flags, []).append(file)
    batches = []
    for group in by_flags.values():
        size = BATCH_BYTES
        for file in sorted(group):
            if size >= BATCH_BYTES:
                batches.append([])
                size = 0
            batches[-1].append(file)
            size += file.stat().st_size
    return sorted(batches, key=lambda batch: -sum(file.stat().st_size for file in batch))


class Tidy:
    """clang-tidy with one command a source: it runs once for each command it finds."""

    def __init__(self, scratch, commands):
        self.scratch = scratch
        self.commands = commands
        (scratch / "compile_commands.json").write_text(json.dumps(list(commands.values())), encoding="utf-8")

    @staticmethod
    def run(file, database, *flags):
        result = subprocess.run(
            [CLANG_TIDY, "-p", database, "--quiet", *(f"--extra-arg={flag}" for flag in (*ANALYZER, *flags)), file],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return result.returncode, findings(result.stdout)

    def check(self, batch):
        """Yields each source of the batch, whether it is clean, and its findings."""
        if len(batch) == 1:
            status, found = self.run(batch[0], self.scratch)
            yield batch[0], status == 0, found
        elif self.clean_together(batch):
            for file in batch:
                yield file, True, []
        else:
            half = len(batch) // 2
            yield from self.check(batch[:half])
            yield from self.check(batch[half:])

    def clean_together(self, batch):
        command = self.commands[batch[0]]
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            file = pathlib.Path(folder) / "batch.cpp"
            file.write_text("\n".join(source.read_text(encoding="utf-8") for source in batch), encoding="utf-8")
            line = command["command"].replace(str(batch[0]), str(file))
            (file.parent / "compile_commands.json").write_text(
                json.dumps([{**command, "file": str(file), "command": line}]), encoding="utf-8")  # fmt: skip
            return self.run(file, folder, *BATCH_ONLY)[0] == 0


def main(arguments):
    root, build = (pathlib.Path(argument).resolve() for argument in arguments)
    deps = recorded_dependencies(build)
    commands = commands_to_check(root, build, deps)
    scratch = build / "tidy"
    scratch.mkdir(exist_ok=True)
    memory = Memory(build)
    memory.forget_old()
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    settings = version + " ".join(ANALYZER) + (root / ".clang-tidy").read_text(encoding="utf-8")
    content = Hasher()
    keys = {file: key_of(command, root, build, deps, settings, content) for file, command in commands.items()}
    stale = [file for file, key in sorted(keys.items()) if key is None or not memory.has(key)]

    tidy = Tidy(scratch, commands)
    failed, shown = 0, set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for results in pool.map(lambda batch: list(tidy.check(batch)), batches_of(stale, commands)):
            for file, clean, found in results:
                failed += not clean
                if clean and keys[file]:
                    memory.add(keys[file])
                for finding in found:
                    if finding and finding not in shown:
                        shown.add(finding)
                        print(finding.replace(f"{root}/", ""), flush=True)
    print(f"{len(keys)} sources, {len(keys) - len(stale)} known to be clean, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

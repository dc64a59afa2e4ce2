#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts bugs into the protocols, one at a time, and requires the models to notice each.

Two kinds of bugs. By themselves: every memory order of every header in mutants.toml that is not
relaxed, weakened by one step. Where less is enough the table says so, with a reason: then that must
change nothing, and one step less must be noticed. By hand: the table's mutants, for checks, fences
and wakes left out, and for orders of which one of two is enough.

A header is copied with the bug, its models are compiled against the copy, and one must fail. What came
of it is remembered under a hash of all that it depends on: the mutant, the models, every header of ours
that they include and what is linked for it, comments left out, and the compiler and its flags. So only
what a change can have touched is tried again. The work folder keeps what this machine has tried, and
mutants.known, which is committed, what anybody has: --record writes it anew, after all mutants fared as
they should.
--afresh, or NEBULA_LONG in the environment, believes neither.
"""

import argparse
import functools
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]

WEAKER = {
    "load": {"seq_cst": ["acquire"], "acquire": ["relaxed"]},
    "store": {"seq_cst": ["release"], "release": ["relaxed"]},
    "modify": {
        "seq_cst": ["acq_rel"],
        "acq_rel": ["acquire", "release"],
        "acquire": ["relaxed"],
        "release": ["relaxed"],
    },
}
CALL = re.compile(r"(\w+(?:\(\w+\)|\[\w+\](?:\.\w+)?)?)\.(load|store|exchange|fetch_\w+|compare_exchange_\w+)\(")
FUNCTION = re.compile(r"^    (?! )(?!template)[^/=;{]*?\b(~?\w+)\((?:[^;{]*,|[^;]*\{.*)$")
ORDER = re.compile(r"std::memory_order_(\w+)")
COMMENT = re.compile(r"[ \t]*//[^\n]*")
KNOWN = HERE / "mutants.known"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
# What is linked into every model. Of the library base, each has what its headers need.
LINKED = (*sorted(HERE.glob("explorer.*")), HERE / "model_main.cpp")


@dataclass
class Order:
    """One memory order in a header: where it stands, and what to call it."""

    site: str
    kind: str
    order: str
    begin: int
    end: int


@dataclass
class Mutant:
    header: str
    name: str
    text: str


def orders_of(text):
    """All memory orders of the code, comments left out."""
    found, seen, function, position = [], {}, "?", 0
    calls = []
    for line in text.splitlines(keepends=True):
        code = line.split("//")[0]
        if match := FUNCTION.match(code.rstrip()):
            function = match[1]
        for match in sorted([*CALL.finditer(code), *ORDER.finditer(code)], key=lambda m: m.start()):
            if match.re is CALL:
                calls.append((match[1], match[2]))
                orders_of_call = 0
                continue
            target, verb = calls[-1]
            orders_of_call += 1
            kind = verb if verb in ("load", "store") else "modify"
            site = f"{function}: {target}.{verb}"
            if orders_of_call == 2:
                kind, site = "load", site + " failure"
            else:
                seen[site] = seen.get(site, 0) + 1
                if seen[site] > 1:
                    site += f" {seen[site]}"
            found.append(Order(site, kind, match[1], position + match.start(1), position + match.end(1)))
        position += len(line)
    return found


@functools.cache
def made_of(file):
    """`file`, all files of ours that it includes, however deep, and the sources of the headers of base."""
    found, ahead = set(), [file]
    while ahead:
        path = ahead.pop()
        if path in found:
            continue
        found.add(path)
        if path.parent == ROOT / "nebula/base" and path.suffix == ".hpp":
            sources = (path.with_name(f"{path.stem}{system}.cpp") for system in ("", "_linux", "_posix"))
            ahead += [source for source in sources if source.is_file()]
        for name in INCLUDE.findall(path.read_text()):
            place = next((p for p in (path.parent / name, HERE / name, ROOT / name) if p.is_file()), None)
            if place:
                ahead.append(place.resolve())
    return frozenset(found)


def code_of(text):
    """`text` without comments and empty lines. No string of ours holds two slashes."""
    return "\n".join(line for line in COMMENT.sub("", text).splitlines() if line)


@functools.cache
def content_hash(path):
    return hashlib.sha256(code_of(path.read_text()).encode()).hexdigest()


class Memory:
    """What came of a mutant, by the hash of all that it depends on."""

    def __init__(self, folder, commands, afresh=False):
        self.folder = folder
        self.afresh = afresh
        self.common = "\n".join(commands)
        self.asked = {}
        self.committed = {}
        if KNOWN.is_file():
            lines = (line.split(" ", 1) for line in KNOWN.read_text().splitlines())
            self.committed = {key: answer for key, answer in lines}
        folder.mkdir(parents=True, exist_ok=True)

    def key(self, header, text, models):
        """`text` stands in for the content of `header`; None and "" where nothing is changed."""
        files = set().union(*(made_of(file) for file in LINKED))
        for model in models:
            files |= made_of((HERE / model.partition(":")[0]).resolve())
        changed = (ROOT / header).resolve() if header else None
        parts = [self.common, *models, str(header), code_of(text)]
        parts += [f"{file.relative_to(ROOT)} {content_hash(file)}" for file in sorted(files) if file != changed]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def recall(self, key, find_out):
        """The remembered answer (text or None), or that of find_out()."""
        self.asked[key] = answer = self.answer(key, find_out)
        return answer or None

    def answer(self, key, find_out):
        file = self.folder / key
        if not self.afresh:
            if key in self.committed:
                return self.committed[key]
            if file.is_file():
                return file.read_text()
        why = find_out() or ""
        partial = file.with_suffix(".new")
        partial.write_text(why)
        partial.replace(file)
        return why

    def record(self):
        lines = sorted(f"{key} {' '.join(answer.split())}" for key, answer in self.asked.items())
        KNOWN.write_text("\n".join(lines) + "\n")


class Bench:
    """Compiles and runs models against a mutant."""

    # What every model includes and no mutant changes, compiled once: most of the time goes there.
    COMMON = '#include "model.hpp"\n#include "nebula/threading/detail/atomics.hpp"\n#include <memory>\n'

    def __init__(self, options):
        self.options = options
        self.count = 0
        self.tried = 0
        options.work.mkdir(parents=True, exist_ok=True)
        self.common = options.work / "common.hpp"
        self.common.write_text(self.COMMON)
        # Quiet: a mutant may leave a parameter unused. Not optimised: the explorer is, and it does
        # most of the work.
        self.compile = [options.compiler, "-std=c++20", "-w", "-O0", "-DNEBULA_MODEL_MUTANT"]
        version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True, check=True).stdout
        self.memory = Memory(
            options.work / "known",
            [version, *self.compile, self.COMMON, hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()],
            options.afresh or "NEBULA_LONG" in os.environ,
        )
        self.common_lock = threading.Lock()

    @functools.cached_property
    def precompiled(self):
        includes = [f"-I{HERE}", f"-I{ROOT}"]
        subprocess.run([*self.compile, *includes, "-x", "c++-header", str(self.common), "-o",
                        f"{self.common}.gch"], check=True)
        return ["-include", str(self.common)]

    def killed_by(self, mutant, models):
        self.count += 1
        key = self.memory.key(mutant.header, mutant.text, models)
        return self.memory.recall(key, lambda: self.try_out(mutant, models))

    def unchanged_fails(self, model):
        key = self.memory.key(None, "", [model])
        return self.memory.recall(key, lambda: self.failure_of(model, self.options.work / "unchanged"))

    def try_out(self, mutant, models):
        self.tried += 1
        name = re.sub(r"\W+", "_", f"{pathlib.Path(mutant.header).stem} {mutant.name}")
        folder = self.options.work / name
        copy = folder / mutant.header
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(mutant.text)
        for model in models:
            if why := self.failure_of(model, folder):
                return why
        return None

    def failure_of(self, model, folder):
        """What a model says, or None if it holds. `file.cpp:Part` runs those whose name holds Part."""
        source, _, part = model.partition(":")
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / pathlib.Path(source).stem
        with self.common_lock:
            precompiled = self.precompiled
        command = [*self.compile, *precompiled, f"-I{folder}", f"-I{ROOT}"]
        command += [str(HERE / source), *filter(None, self.options.link), "-o", str(program)]
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode != 0:
            sys.exit(f"{folder.name}: does not compile\n{built.stderr}")
        try:
            run = subprocess.run([program, *([part] if part else [])], capture_output=True, text=True,
                                 timeout=self.options.timeout)
        except subprocess.TimeoutExpired:
            sys.exit(f"{folder.name}: {model} takes longer than {self.options.timeout} s")
        finally:
            program.unlink()
        if run.returncode == 0:
            return None
        if run.returncode < 0:
            return f"ended by signal {-run.returncode}: {run.stderr.strip()}"
        lines = run.stdout.splitlines()
        return next((line for line in lines if not line.endswith(" states")), "?")


def weakened(header, text, site_order, weaker):
    changed = text[: site_order.begin] + weaker + text[site_order.end :]
    return Mutant(header, f"{site_order.site}: {site_order.order} -> {weaker}", changed)


class Table:
    """mutants.toml, and what came of it."""

    def __init__(self, bench, only):
        self.bench = bench
        self.only = only
        table = tomllib.loads((HERE / "mutants.toml").read_text())
        self.protocols = table["protocol"]
        self.by_hand = table["mutant"]
        self.enough = {(e["header"], e["site"]): e["enough"] for e in table.get("enough", [])}
        self.equal = 0
        self.bad = []

    def judge(self, mutant, models, changes_nothing=False):
        """Makes one mutant, and tells whether it fares as it should."""
        why = self.bench.killed_by(mutant, models)
        name = f"{pathlib.Path(mutant.header).name} {mutant.name}"
        verdict = "killed" if why else "changes nothing" if changes_nothing else "SURVIVES"
        print(f"{verdict:<16}{name}" + (f"\n{'':16}{why}" if why else ""), flush=True)
        self.equal += changes_nothing
        if (why is None) != changes_nothing:
            self.bad.append(f"{'SURVIVES' if why is None else 'NOT ENOUGH':<16}{name}")

    def chosen(self, *words):
        return self.only is None or any(self.only in word for word in words)

    def jobs(self):
        """Every mutant, as a function that judges it."""
        sites = set()
        for protocol in self.protocols:
            header, models = protocol["header"], protocol["models"]
            text = (ROOT / header).read_text()
            for order in orders_of(text):
                sites.add((header, order.site))
                if not self.chosen(header, order.site):
                    continue
                enough = self.enough.get((header, order.site), order.order)
                weakest = Order(order.site, order.kind, enough, order.begin, order.end)
                if enough != order.order:
                    mutant = weakened(header, text, order, enough)
                    yield lambda mu=mutant, m=models: self.judge(mu, m, changes_nothing=True)
                for weaker in WEAKER[order.kind].get(enough, []):
                    mutant = weakened(header, text, weakest, weaker)
                    yield lambda mu=mutant, m=models: self.judge(mu, m)
            for entry in self.by_hand:
                if entry["header"] == header and self.chosen(header, entry["name"]):
                    mutant = Mutant(header, entry["name"], self.edited(text, entry))
                    yield lambda mu=mutant, m=models: self.judge(mu, m)
        for header, site in self.enough.keys() - sites:
            self.bad.append(f"{'NOT THERE':<16}{header} {site}")

    @staticmethod
    def edited(text, entry):
        for old, new in entry["edits"]:
            if text.count(old) != 1:
                sys.exit(f"{entry['header']}: {entry['name']}: is there {text.count(old)} times:\n{old}")
            text = text.replace(old, new)
        return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--link", action="append", default=[], help="object or library, in order")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for copies")
    parser.add_argument("--record", action="store_true", help="write mutants.known")
    parser.add_argument("--afresh", action="store_true", help="believe nothing that is remembered")
    parser.add_argument("--only", help="headers or mutants whose name holds this")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one program")
    options = parser.parse_args()

    begin = time.monotonic()
    bench = Bench(options)
    table = Table(bench, options.only)
    # Without a bug nothing may fail: else a kill would mean nothing.
    for model in sorted({m for p in table.protocols if table.chosen(p["header"]) for m in p["models"]}):
        if why := bench.unchanged_fails(model):
            sys.exit(f"{model} fails without any mutant: {why}")
    with ThreadPoolExecutor(options.jobs) as pool:
        for done in [pool.submit(job) for job in table.jobs()]:
            done.result()

    print(f"{bench.count} mutants, {bench.count - bench.tried} of them remembered; {table.equal} change nothing, "
          f"{len(table.bad)} wrong; {time.monotonic() - begin:.0f} s")
    print("\n".join(table.bad))
    if options.record and not table.bad and options.only is None:
        bench.memory.record()
    return 1 if table.bad else 0


if __name__ == "__main__":
    sys.exit(main())

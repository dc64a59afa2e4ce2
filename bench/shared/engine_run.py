# SPDX-License-Identifier: MIT
"""A benchmark inside the engine: a project with an extension in it, and one run of it."""
import json
import shutil
import subprocess
import threading

from measure import ForeignLoad, die


def make_project(source, folder, extension, links):
    r"""Copies the project `source` to `folder`.

    \param extension  The extension to load; only an editor would write the list of them.
    \param links      {name in the project: where it leads}
    """
    shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / ".godot").mkdir(exist_ok=True)
    (folder / ".godot/extension_list.cfg").write_text(f"res://{extension}\n", encoding="utf-8")
    for name, target in links.items():
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def run(engine, folder, flags, arguments, timeout, *, what="", env=None, progress=lambda line: None, is_harmless=lambda line: False):
    r"""Runs the project; dies with one sentence unless it gave figures and the engine did not complain.

    \param arguments   Of the project's script, after --out=FILE. The script writes its figures to that
                       file, prints "bench: LINE" for progress, and "bench: done" at the end.
    \param what        What it did, for the sentence.
    \returns its figures, and the load that others put on the machine meanwhile.
    """
    out = folder / "answer.json"
    out.unlink(missing_ok=True)
    command = [engine, "--headless", *flags, "--path", str(folder), "--", f"--out={out}", *arguments]
    others = ForeignLoad()
    with subprocess.Popen(command, env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        guard = threading.Timer(timeout, process.kill)
        guard.start()
        last, said = "", []
        for line in process.stdout:
            word, _, rest = line.strip().partition("bench: ")
            if word == "" and rest:
                last = rest
                progress(rest)
            else:
                said.append(line.strip())
        process.wait()
        guard.cancel()
    load = others.cores()
    complaints = [line for line in said if "ERROR" in line and not is_harmless(line)]
    if last != "done" or process.returncode != 0 or complaints:
        is_place = last.startswith(("row ", "scenario "))
        why = last if last and last != "done" and not is_place else f"it ended with status {process.returncode}"
        if last.startswith("row "):
            why += f" in the {last}"
        if complaints:
            why += f" and said: {complaints[0]}"
        die(f"the engine gave no figures{what}: {why}")
    try:
        return json.loads(out.read_text(encoding="utf-8")), load
    except (OSError, json.JSONDecodeError):
        die(f"the engine left no figures in {out}")

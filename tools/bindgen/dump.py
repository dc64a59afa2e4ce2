# SPDX-License-Identifier: MIT
"""Asks an engine for its C header and its API dump.

    python3 dump.py --godot COMMAND --out FOLDER

Writes FOLDER/gdextension_interface.h and FOLDER/extension_api.json, the two files the binding is
made from. Nothing of them is kept in the repository: they always fit the engine that was asked.
"""

import argparse
import pathlib
import subprocess
import sys

FILES = ("gdextension_interface.h", "extension_api.json")


def ask(godot: str, out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    command = [godot, "--headless", "--dump-gdextension-interface", "--dump-extension-api", "--quit"]
    try:
        run = subprocess.run(command, cwd=out, capture_output=True, text=True, timeout=120, check=False)
    except FileNotFoundError:
        sys.exit(f"bindgen: there is no engine at '{godot}' (NEBULA_GODOT)")
    except PermissionError:
        sys.exit(f"bindgen: '{godot}' (NEBULA_GODOT) is not executable")
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"bindgen: '{godot}' (NEBULA_GODOT) did not run: {error}")
    missing = [name for name in FILES if not (out / name).is_file()]
    if missing:
        sys.stderr.write(run.stdout[-2000:] + run.stderr[-2000:])
        sys.exit(f"bindgen: '{godot}' did not write {' and '.join(missing)}; is it Godot 4.5 or newer?")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ask an engine for its header and API dump.")
    parser.add_argument("--godot", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    for name in FILES:  # an old dump must not pass for a new one
        (arguments.out / name).unlink(missing_ok=True)
    ask(arguments.godot, arguments.out)


if __name__ == "__main__":
    main()

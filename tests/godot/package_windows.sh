#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Looks into a package for Windows, and has its libraries loaded and unloaded under Wine, by engines that
# they refuse:
#   tests/godot/package_windows.sh PACKAGE ENTRY_TEST
# ENTRY_TEST is the program made of entry_test.cpp, for Windows.
set -euo pipefail
package=$(realpath -- "$1") entry_test=$2
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
wine=$(command -v wine64 || command -v wine || printf /usr/lib/wine/wine64)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 -B "$root/tests/godot/package_test.py" "$package" "$root"
python3 -m zipfile -e "$package" "$scratch"
for library in "$scratch"/addons/nebula/bin/*.dll; do
    NEBULA_LIBRARY=$library "$wine" "$entry_test" --gtest_brief=1
done

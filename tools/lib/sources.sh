# SPDX-License-Identifier: MIT
# Which files are ours to format and check.
# shellcheck shell=bash

# cpp_files [FIND_TEST...]: the C++ of the tree, null-terminated, sorted.
cpp_files() {
    local folder folders=()
    for folder in nebula tests tools examples bench addon demo; do
        [[ -d $NEBULA_ROOT/$folder ]] && folders+=("$folder")
    done
    (cd "$NEBULA_ROOT" && find "${folders[@]}" -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) "$@" -print0 | sort -z)
}

# The shell scripts of the tree, null-terminated.
shell_files() {
    (cd "$NEBULA_ROOT" && find run .ci tools tests -type f \( -name '*.sh' -o -name run \) -print0 | sort -z)
}

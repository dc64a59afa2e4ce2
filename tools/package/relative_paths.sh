#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a compiler as if nobody knew where the checkout is:
#   relative_paths.sh ROOT COMPILER ARGUMENT...
# A library must have the same bytes whatever the folder that it was built in is called. The compilers
# have -ffile-prefix-map for that, but clang 16 forgets it where it writes the name of a lambda. So it
# gets to see relative names only.
set -euo pipefail
root=$1
shift
here=$PWD/
up=${here#"$root"/}  # build/release/
up=${up//[!\/]/}     # //
up=${up//\//../}
up=${up%/}
# First what is in the build folder: Ninja knows what the build makes by its name there.
arguments=("${@//"$here"/}")
arguments=("${arguments[@]//"$root"/"$up"}")
for index in "${!arguments[@]}"; do
    source=${arguments[index]}
    case $source in
        # Made by CMake, of lines that include sources by their full names.
        */Unity/unity_*_cxx.cxx)
            relative=${source%.cxx}_relative.cxx
            sed "s#\"$root/#\"#" "$source" >"$relative"
            arguments[index]=$relative
            ;;
    esac
done
exec "${arguments[@]}" -ffile-compilation-dir=. -ffile-prefix-map="$up/="

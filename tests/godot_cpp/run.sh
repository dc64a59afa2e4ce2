#!/bin/sh
# Builds examples/godot_cpp with CMake and with SCons and runs it in the engine that $GODOT names, in
# projects that have the add-on as well:
#   GODOT=godot tests/godot_cpp/run.sh BUILD_FOLDER
# BUILD_FOLDER is a build of Nebula with the targets nebula_godot and nebula_trace, and the add-on
# that it made is in addon/. What is installed from there is all that the example sees of Nebula, and
# stand_in/ all that it sees of godot-cpp; README.md says what that proves. In this order:
#   cmake, scons      both builds, in copies of the example
#   exports.*         neither shows the engine anything of Nebula but its entry
#   example.*         its own scene
#   doors.*           doors.gd: every wait, beside the add-on, and a quit with all of them pending
#   reload            an editor that reloads it with coroutines pending
# What counts is the last line, "N passed, 0 failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/extension/lib.sh
. "$here/../extension/lib.sh"

with_cmake() {
    cmake -S "$scratch/cmake" -B "$scratch/cmake/build" -G Ninja -DCMAKE_CXX_COMPILER=c++ \
        -DCMAKE_PREFIX_PATH="$scratch/nebula" -DGODOT_CPP="$scratch/godot-cpp" -DGODOTCPP_GDEXTENSION_DIR="$interface" &&
        cmake --build "$scratch/cmake/build"
}

# In the folder scons/, with a copy of godot-cpp beside it: SCons builds that in its place.
with_scons() {
    (cd "$scratch/scons" && PKG_CONFIG_PATH=$pkg_config GODOT_CPP=../godot-cpp scons gdextension_dir="$interface" optimize=none)
}

# A name that is exported could be taken for the same name of another extension.
exports_its_entry_alone() {
    nm -DC --defined-only "$scratch/$1"/project/bin/*.so > "$scratch/names" && cat "$scratch/names" &&
        grep -q ' T door_init$' "$scratch/names" && ! grep -E 'nebula|godot' "$scratch/names"
}

# project FOLDER: a project of the folder's build, with the add-on in it.
project() {
    cp -R "$scratch/$1/project/." "$scratch/$1-game" && cp -R "$root/addon/addons" "$scratch/$1-game" &&
        cp -R "$here/doors" "$here/doors.gd" "$scratch/$1-game" && mkdir -p "$scratch/$1-game/.godot" &&
        printf 'res://%s\n' door.gdextension addons/nebula/nebula.gdextension > "$scratch/$1-game/.godot/extension_list.cfg"
}

# plays LINE LOADS ARGUMENT...: the engine ends well, says LINE, loads the extension LOADS times, and
# complains of nothing.
plays() {
    line=$1 loads=$2
    shift 2
    engine "$@"
    code=$?
    [ "$code" -eq 0 ] && grep -qx "$line" "$scratch/said" &&
        [ "$(grep -cx 'stand-in: loaded' "$scratch/said")" -eq "$loads" ] &&
        ! grep -E '^ *(SCRIPT )?(ERROR|WARNING):|leaked|handle_crash' "$scratch/said" > "$scratch/complaints" ||
        { echo "The engine ended with code $code; wanted \"$line\" and $loads loads"; return 1; }
}

interface=$build/nebula/godot/dump
for copy in cmake scons; do
    cp -R "$root/examples/godot_cpp" "$scratch/$copy" && rm -rf "$scratch/$copy/build" "$scratch/$copy/project/bin" || exit 1
done
cp -R "$here/stand_in" "$scratch/godot-cpp" || exit 1
case_of install install_nebula
pkg_config=$(dirname "$(find "$scratch/nebula" -name nebula-adapter.pc)")
case_of cmake with_cmake
case_of scons with_scons
for builder in cmake scons; do
    case_of "exports.$builder" exports_its_entry_alone "$builder"
    project "$builder" || exit 1
    case_of "example.$builder" plays 'the door opened after 78498 primes' 1 --path "$scratch/$builder-game" --fixed-fps 60
    case_of "doors.$builder" plays 'doors: 0 failed' 1 --path "$scratch/$builder-game" --fixed-fps 60 --script res://doors.gd
done
printf '\n[editor_plugins]\n\nenabled=PackedStringArray("res://doors/plugin.cfg")\n' >> "$scratch/scons-game/project.godot"
case_of reload plays reloaded 6 --editor --path "$scratch/scons-game"
sum_up

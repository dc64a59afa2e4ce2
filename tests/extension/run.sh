#!/bin/sh
# Builds examples/extension against an installed Nebula, and runs it beside the add-on in the engine that
# $GODOT names:
#   GODOT=godot tests/extension/run.sh BUILD_FOLDER
# BUILD_FOLDER is a build of Nebula with the targets nebula_godot and nebula_trace, and the add-on that it
# made is in addon/. What is installed from there is all that the example sees of Nebula. In this order:
#   install, build    as a user does
#   example           the example's own scene
#   beside            beside.gd: what scripts see of two extensions that both contain Nebula, and a quit
#                     with coroutines pending
#   unload            unload.gd: the extension goes while a terrain uses its generator
#   reload            an editor that reloads either extension with coroutines pending
# What counts is the last line, "N passed, 0 failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/extension/lib.sh
. "$here/lib.sh"

# The user's own compiler, whatever made Nebula.
build_example() {
    cmake -S "$root/examples/extension" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_CXX_COMPILER=c++ -DCMAKE_CXX_FLAGS='-Wall -Wextra -Werror' -DCMAKE_PREFIX_PATH="$scratch/nebula" \
        -DEXAMPLE_PROJECT="$game" && cmake --build "$scratch/build"
}

# plays SCRIPT ARGUMENT...: the engine ends well, says each line that the script asks for with "# says: ",
# and complains of nothing else.
plays() {
    sed -n 's/^# says: //p' "$1" > "$scratch/says"
    shift
    engine --path "$game" "$@"
    code=$?
    while IFS= read -r line; do
        grep -qE "$line" "$scratch/said" || { echo "not said: $line"; code=1; }
    done < "$scratch/says"
    [ "$code" -eq 0 ] && ! grep -vEf "$scratch/says" "$scratch/said" |
        grep -E '^ *(SCRIPT )?(ERROR|WARNING):|leaked|outlive|handle_crash'
}

game=$scratch/game
mkdir -p "$game/.godot"
cp -R "$root/examples/extension/project/." "$root/addon/addons" "$here/beside.gd" "$here/unload.gd" "$here/reload" "$game" || exit 1
# Ours first: neither may need the other to be there.
printf 'res://%s\n' addons/example/example.gdextension addons/nebula/nebula.gdextension > "$game/.godot/extension_list.cfg"
case_of install install_nebula
case_of build build_example
[ "$failed" -eq 0 ] || { sum_up; exit 1; } # nothing below can work
printf '# says: ^5 craters$\n' > "$scratch/example.gd"
case_of example plays "$scratch/example.gd" --fixed-fps 60 -- --once
for name in beside unload; do
    case_of "$name" plays "$here/$name.gd" --fixed-fps 60 --script "res://$name.gd"
done
printf '\n[editor_plugins]\n\nenabled=PackedStringArray("res://reload/plugin.cfg")\n' >> "$game/project.godot"
case_of reload plays "$here/reload/plugin.gd" --editor
sum_up

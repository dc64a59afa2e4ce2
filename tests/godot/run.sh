#!/bin/sh
# Runs the integration tests in the engine that $GODOT names:
#   GODOT=godot tests/godot/run.sh [filter]
# Build the targets nebula_godot and nebula_godot_probe of one preset first. In this order:
#   shipped/test_*.gd   with libnebula.so, the add-on as users get it;
#   ground/test_*.gd    the same, under each physics engine;
#   demo.cookbook       with libnebula.so: every recipe of demo/cookbook plays by itself;
#   tests/test_*.gd     with libnebula_probe.so: the same objects, and the classes of probe/, which
#                       give scripts a hold on the C++;
#   alone/*.gd          the same library, each script in an engine of its own, because it ends the
#                       engine or unloads the extension;
#   crowded/*.gd        with libnebula.so: two copies of the add-on, and an extension of somebody
#                       else that has classes of the same names;
#   editor/             a project that reloads that library in the editor;
#   sculpt/             with libnebula.so: a project in which the editor is driven with mouse and keys.
# The engine's exit code tells little (it may crash at exit, or never run a script), so what counts
# is the last line, "N passed, 0 failed".
#
# A line "# says: PATTERN" in a script of alone/ asks for a line of that form and allows it; a script
# that asks for none must end without a complaint.
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${GODOT:?set GODOT to the command that starts the engine}"
for library in "$here/addons/nebula/bin/libnebula.so" "$here/probe/bin/libnebula_probe.so"; do
    if [ ! -f "$library" ]; then
        echo "tests/godot: $library is missing; build the targets nebula_godot and nebula_godot_probe" >&2
        exit 1
    fi
done
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch" "$here/override.cfg"' EXIT
log=$scratch/log
says=$scratch/says
: > "$says"

# load PROJECT EXTENSION: the engine reads this list before anything else. Without an import run
# only we write it.
load() {
    mkdir -p "$1/.godot"
    echo "res://$2" > "$1/.godot/extension_list.cfg"
}

# engine ARGUMENT...: leaves what was said in $log and shows it.
engine() {
    # Memory is filled with a pattern when it comes and when it goes, so that whoever uses it before or
    # after that meets no plausible value.
    MALLOC_PERTURB_=165 timeout 300 "$GODOT" "${screen:---headless}" "$@" > "$log" 2>&1
    code=$?
    cat "$log"
}

# complaint: what the engine says that no clean run says; within the suite its own judge decides.
complaint() {
    sed '/^Running the tests$/,/^[0-9]* passed, [0-9]* failed$/d' "$log" | grep -vEf "$says" |
        grep -E '^ *(SCRIPT )?ERROR:|leaked|outlive the extension|handle_crash'
}

# silence: the first line that was asked for and not said.
silence() {
    while IFS= read -r line; do
        grep -qE "$line" "$log" || { echo "not said: $line" && return; }
    done < "$says"
    return 1
}

# judge NAME: whether what $log has is a clean run in which the probe's last words are said, once in
# each life of the extension, after its shutdown.
judge() {
    if [ "$code" -eq 0 ] && ! complaint >&2 && ! silence >&2 && grep -q '^probe: ' "$log" &&
        ! grep '^probe: ' "$log" | grep -qvE "$clean"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1: the engine ended with code $code; see above"
    fi
}

# suite FOLDER [filter]: the scripts of FOLDER in one engine.
suite() {
    echo "Running $1/"
    engine --path "$here" --fixed-fps 60 --script res://run_tests.gd -- "$@"
    read -r here_passed _ here_failed _ << END
$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
END
    passed=$((passed + ${here_passed:-0}))
    failed=$((failed + ${here_failed:-0}))
    if [ "$code" -ne 0 ] && [ "${here_failed:-0}" -eq 0 ]; then
        failed=$((failed + 1))
        echo "FAIL $1/: the engine ended with code $code"
    elif [ -z "$here_passed" ]; then
        failed=$((failed + 1))
        echo "FAIL $1/: the engine ended before the tests did"
    elif complaint >&2; then
        failed=$((failed + 1))
        echo "FAIL $1/: the engine complained outside of the tests; see above"
    fi
}

passed=0
failed=0
load "$here" addons/nebula/nebula.gdextension
case ${1:-} in
    alone* | crowded* | editor*) ;; # a filter for what comes below
    *)
        suite shipped "$@"
        for physics in "Jolt Physics" GodotPhysics3D; do
            printf '[physics]\n3d/physics_engine="%s"\n' "$physics" > "$here/override.cfg"
            suite ground "$@"
        done
        rm "$here/override.cfg"
        ;;
esac
# The recipes say themselves how it went: demo/cookbook/stage/cookbook_tour.gd.
name=demo.cookbook
case $name in *"${1:-}"*)
    echo "Running $name"
    load "$here/../../demo" addons/nebula/nebula.gdextension
    engine --path "$here/../../demo" --fixed-fps 60 -- --cookbook
    if [ "$code" -eq 0 ] && ! complaint >&2 && grep -qE '^[1-9][0-9]* recipes, 0 errors$' "$log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: the engine ended with code $code; see above"
    fi
    ;;
esac
load "$here" probe/nebula_probe.gdextension
load "$here/editor" probe/nebula_probe.gdextension
case ${1:-} in
    alone* | crowded* | editor*) ;;
    *) suite tests "$@" ;;
esac

clean='^probe: ([1-9][0-9]*) coroutines began, \1 were destroyed, 0 callables are left$'
for script in "$here"/alone/*.gd; do
    name=alone.$(basename "$script" .gd)
    case $name in *"${1:-}"*) ;; *) continue ;; esac
    echo "Running $name"
    sed -n 's/^# says: //p' "$script" > "$says"
    engine --path "$here" --fixed-fps 60 --script "res://alone/${script##*/}"
    judge "$name"
done
: > "$says"

# extension PROJECT NAME ENTRY LIBRARY: an add-on, in the list of what the project loads.
extension() {
    printf '[configuration]\nentry_symbol = "%s"\ncompatibility_minimum = "4.5"\nreloadable = true\n' "$3" \
        > "$1/$2.gdextension"
    printf '[libraries]\nlinux.x86_64 = "%s"\n' "$4" >> "$1/$2.gdextension"
    echo "res://$2.gdextension" >> "$1/.godot/extension_list.cfg"
}

# crowd NAME SCRIPT: runs SCRIPT of crowded/ in a project that extension() has filled, scratch/NAME.
crowd() {
    echo "Running crowded.$1"
    cp "$here/project.godot" "$here/crowded/$2.gd" "$scratch/$1"
    sed -n 's/^# says: //p' "$here/crowded/$2.gd" > "$says"
    engine --path "$scratch/$1" --fixed-fps 60 --script "res://$2.gd"
    if [ "$code" -eq 0 ] && ! complaint >&2 && ! silence >&2 && grep -q '^crowded: passed$' "$log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL crowded.$1: the engine ended with code $code; see above"
    fi
    : > "$says"
}

ours=$here/addons/nebula/bin
for name in two_files one_file foreign; do
    case crowded.$name in *"${1:-}"*) ;; *) continue ;; esac
    project=$scratch/$name
    mkdir -p "$project/.godot"
    cp -R "$ours" "$project/bin"
    case $name in
        foreign)
            extension "$project" foreign foreign_init "$here/crowded/foreign/bin/libforeign.so"
            extension "$project" one nebula_init res://bin/libnebula.so
            crowd foreign foreign
            ;;
        two_files)
            cp -R "$ours" "$project/more"
            extension "$project" one nebula_init res://bin/libnebula.so
            extension "$project" two nebula_init res://more/libnebula.so
            crowd two_files twice
            ;;
        one_file) # a copied add-on folder whose .gdextension still names the first one's library
            extension "$project" one nebula_init res://bin/libnebula.so
            extension "$project" two nebula_init res://bin/libnebula.so
            crowd one_file twice
            ;;
    esac
done

# The settings of whoever runs this are none of its business.
name=editor.reload
case $name in *"${1:-}"*)
    echo "Running $name"
    echo '^reloaded$' > "$says"
    XDG_CONFIG_HOME=$scratch XDG_DATA_HOME=$scratch XDG_CACHE_HOME=$scratch \
        engine --editor --path "$here/editor"
    judge "$name"
    ;;
esac

# The project is opened twice: what was sculpted must be there again. The test saves in it, so it is a
# copy. Without a window, the engine has no picture of the scene to save beside it, and says so. With a
# display, NEBULA_PICTURES=FOLDER has pictures taken, as ./run guide does.
project=$scratch/sculpt
pictures=
if [ -n "${NEBULA_PICTURES:-}" ]; then
    pictures=--pictures=$NEBULA_PICTURES
    screen=--windowed
    export MESA_SHADER_CACHE_DISABLE=true # a new one has ended the engine with a bus error
fi
for name in editor.sculpt_first editor.sculpt_again editor.sculpt_hills; do
    if [ $name = editor.sculpt_hills ] && [ -z "$pictures" ]; then continue; fi
    case $name in *"${1:-}"*) ;; *) continue ;; esac
    echo "Running $name"
    if [ ! -d "$project" ]; then
        mkdir "$project" && cp -R "$here/sculpt/." "$project" && rm "$project/addons" &&
            cp -R "$here/../../addon/addons" "$project/addons"
        load "$project" addons/nebula/nebula.gdextension
    fi
    printf '%s\n' '^drove: passed$' > "$says"
    XDG_CONFIG_HOME=$scratch XDG_DATA_HOME=$scratch XDG_CACHE_HOME=$scratch \
        engine --rendering-driver opengl3 --audio-driver Dummy --editor --path "$project" -- \
        "${name#editor.sculpt_}" ${pictures:+"$pictures"}
    sed -i '/ERROR: Parameter "t" is null/d' "$log"
    if [ "$code" -eq 0 ] && ! complaint >&2 && ! silence >&2; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: the engine ended with code $code; see above"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

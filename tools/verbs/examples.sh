# SPDX-License-Identifier: MIT
# ./run examples: builds the templates for extensions as their users do, against an installed Nebula, puts
# them beside the add-on into a project, and plays it.
# shellcheck shell=bash

# Each is a folder of examples/ and a function below. It is told where Nebula is installed and where to
# work, and makes a project there, in the folder project.
readonly EXAMPLES=(extension godot_cpp)

verb_examples() {
    local name wanted=("$@") installed=$NEBULA_ROOT/build/examples/nebula folder log
    ((${#wanted[@]})) || wanted=("${EXAMPLES[@]}")
    for name in "${wanted[@]}"; do
        [[ " ${EXAMPLES[*]} " == *" $name "* ]] || die_usage "./run examples knows no \"$name\"; it knows ${EXAMPLES[*]}"
    done
    check_given_engine
    need_packages build
    build_with_engine release "nebula_godot nebula_trace"
    log=$(log_path examples-install)
    step "$log" "Installing Nebula" cmake --install "$NEBULA_ROOT/build/release" --prefix "$installed" ||
        die "installing to $installed failed; see ${log#"$NEBULA_ROOT"/}"
    for name in "${wanted[@]}"; do
        folder=$NEBULA_ROOT/build/examples/$name
        log=$(log_path "examples-$name")
        mkdir -p "$folder"
        step "$log" "Building $name" "example_$name" "$installed" "$folder" ||
            die "building the example $name failed$(first_error "$log"); see ${log#"$NEBULA_ROOT"/}"
        play_example "$name" "$folder/project"
    done
}

example_extension() {
    rm -rf "$2/project" && cp -R "$NEBULA_ROOT/examples/extension/project" "$2/project" &&
        cmake -S "$NEBULA_ROOT/examples/extension" -B "$2/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
            -DCMAKE_PREFIX_PATH="$1" -DEXAMPLE_PROJECT="$2/project" &&
        cmake --build "$2/build"
}

# With the godot-cpp that $GODOT_CPP names or that lies in the template; without one, with that of the
# tests, which has as much of it as the template uses.
example_godot_cpp() {
    local source=$NEBULA_ROOT/examples/godot_cpp copy=$2/source godot_cpp options=()
    godot_cpp=${GODOT_CPP:-$source/godot-cpp}
    if [[ ! -e $godot_cpp && ! ${GODOT_CPP:-} ]]; then
        godot_cpp=$NEBULA_ROOT/tests/godot_cpp/stand_in
        options=(-DGODOTCPP_GDEXTENSION_DIR="$1/include/nebula/engine")
        printf '\nThere is no godot-cpp in %s: a stand-in takes its place. To use yours, set GODOT_CPP to its folder.\n' "$source" >&4
    fi
    rm -rf "$copy" "$2/project" && mkdir -p "$copy" &&
        cp -R "$source/CMakeLists.txt" "$source/src" "$source/project" "$copy" &&
        cmake -S "$copy" -B "$2/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$1" \
            -DGODOT_CPP="$godot_cpp" "${options[@]}" &&
        cmake --build "$2/build" && mv "$copy/project" "$2/project"
}

# play_example NAME PROJECT: the add-on goes in, and the project's main scene is played once.
play_example() {
    local log complaint
    log=$(log_path "examples-$1-play")
    cp -R "$NEBULA_ROOT/addon/addons" "$2" || die "cannot write to $2"
    # What the editor writes when it first opens a project.
    mkdir -p "$2/.godot" && (cd "$2" && find . -name '*.gdextension' | sed 's|^\./|res://|' >.godot/extension_list.cfg)
    step "$log" "Playing $1" timeout --kill-after=10 120 "$engine" --headless --path "$2" --fixed-fps 60 -- --once ||
        die "the example $1 did not end well; see ${log#"$NEBULA_ROOT"/}"
    complaint=$(engine_complaint "$log")
    [[ ! $complaint ]] || die "the example $1 ran but the engine complained (${complaint# }); see ${log#"$NEBULA_ROOT"/}"
    tail -n 1 "$log"
    say "The project is in ${2#"$NEBULA_ROOT"/}; open it with: $engine --editor --path $2"
}

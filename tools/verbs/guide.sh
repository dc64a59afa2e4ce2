# SPDX-License-Identifier: MIT
# ./run guide: the guide as a site in out/guide/. Its pages are docs/, its reference the class docs in
# the library, its pictures those that the recipes take of themselves and that of the editor, which a test
# drives. With --kept-pictures they are those of docs/, which takes seconds.
# shellcheck shell=bash

verb_guide() {
    local pictures=yes argument
    for argument in "$@"; do
        [[ $argument == --kept-pictures ]] ||
            die_usage "./run guide does not know \"$argument\"; its one flag is --kept-pictures"
        pictures=''
    done
    need_output_folder guide "$NEBULA_ROOT/out/guide"
    check_given_engine
    need_packages build guide
    if [[ $pictures ]]; then need_packages picture; fi
    build_with_engine release "nebula_godot nebula_godot_probe"
    build_guide "$pictures"
    printf 'The guide is in %s\n' "$NEBULA_ROOT/out/guide/index.html"
}

# build_guide PICTURES: with $engine, and the libraries built.
build_guide() {
    local work=$NEBULA_ROOT/build/guide flags=()
    rm -rf "$work/class_docs" && mkdir -p "$work/class_docs" || die "cannot write to $work; make it a writable folder"
    if [[ $1 ]]; then
        "$NEBULA_ROOT/run" demo --cookbook --pictures "$work/pictures" || exit $?
        step "$(log_path editor-picture)" "Taking a picture of the editor" take_editor_picture "$work/pictures" ||
            die "the editor gave no picture; build/log/editor-picture.log says why"
        flags=(--pictures "$work/pictures")
    fi
    step "$(log_path class-docs)" "Reading the class docs" read_class_docs "$work/class_docs" ||
        die "the class docs could not be read; build/log/class-docs.log says why"
    step "$(log_path guide)" "Building the guide" python3 "$NEBULA_ROOT/tools/guide/build_site.py" \
        --class-docs "$work/class_docs" --work "$work" --site "$NEBULA_ROOT/out/guide" "${flags[@]}" ||
        die "the guide could not be built; build/log/guide.log says why"
}

# take_editor_picture FOLDER: on a screen of its own, so that nobody's mouse gets in.
take_editor_picture() {
    NEBULA_PICTURES=$1 GODOT=$engine \
        xvfb-run -a -s "-screen 0 1280x720x24" "$NEBULA_ROOT/tests/godot/run.sh" editor.sculpt_hills
}

# read_class_docs FOLDER
read_class_docs() {
    local project=$NEBULA_ROOT/tests/godot names
    mapfile -t names < <(sed -nE 's/^ *register_class<(\w+)>.*/\1/p' "$NEBULA_ROOT"/nebula/godot/{library,registration}.cpp)
    mkdir -p "$project/.godot" && printf 'res://probe/nebula_probe.gdextension\n' >"$project/.godot/extension_list.cfg" || return
    timeout 120 "$engine" --headless --path "$project" --script "$NEBULA_ROOT/tools/guide/class_docs.gd" -- "$1" "${names[@]}"
    local name
    for name in "${names[@]}"; do [[ -s $1/$name.xml ]] || return 1; done
}

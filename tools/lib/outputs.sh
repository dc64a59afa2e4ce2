# SPDX-License-Identifier: MIT
# Checks the files that a verb is asked to write, before minutes of work and not after.
# shellcheck shell=bash

# output_path FLAG VALUE: prints VALUE as an absolute path, for programs that run in another folder.
output_path() {
    [[ $2 != */ ]] || die_usage "$1 must name a file and \"$2\" is a folder"
    realpath -m -- "$2"
}

# need_output NAME FILE: proves that FILE can be written by writing beside it. Permission bits
# would not tell: root ignores them, and a read-only file system ignores root.
need_output() {
    local name=$1 file=$2 folder probe above
    [[ $file ]] || return 0
    folder=$(dirname -- "$file")
    [[ ! -d $file ]] || die_usage "the $name cannot be written to $file, which is a folder; name a file"
    above=$folder
    until [[ -e $above ]]; do above=$(dirname -- "$above"); done
    [[ -d $above ]] ||
        die_usage "the $name cannot be written into $folder, because $above is not a folder; move it away or name another place"
    mkdir -p -- "$folder" 2>/dev/null && [[ -d $folder ]] ||
        die_usage "the $name cannot be written: the folder $folder does not exist and cannot be made"
    probe=$(mktemp -p "$folder" .nebula-probe.XXXXXX 2>/dev/null) && rm -f -- "$probe" ||
        die_usage "the $name cannot be written: the folder $folder is not writable"
    [[ ! -e $file || (-f $file && -w $file) ]] ||
        die_usage "the $name cannot be written: $file exists and is not a writable file"
}

# need_output_folder NAME FOLDER: the same for a folder of files, which is made.
need_output_folder() {
    [[ ! $2 ]] || need_output "$1" "$2/picture"
}

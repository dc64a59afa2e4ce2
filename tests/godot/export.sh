#!/bin/bash
# SPDX-License-Identifier: MIT
# Exports demo/ as a game maker would and plays the result where no project is:
#   GODOT=godot tests/godot/export.sh TEMPLATE
# Build nebula_godot of the release preset first. The last line is "1 passed, 0 failed" or says what
# went wrong.
set -euo pipefail
template=$1 name=export
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/godot/exported_game.sh"

# A copy, in which links are files: the checkout stays as it is.
cp -rL "$root/demo" "$scratch/project"
rm -rf "$scratch/project/.godot"
mkdir -p "$scratch/project/.godot"
echo 'res://addons/nebula/nebula.gdextension' >"$scratch/project/.godot/extension_list.cfg"

# A world like one that was sculpted in the editor: the exported game must contain it and begin with it.
cat >"$scratch/project/make_world.gd" <<'END'
extends SceneTree

func _initialize() -> void:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelFlatGenerator.new()
	terrain.world_store = VoxelWorldStore.new()
	terrain.world_store.file_path = "res://start.nebula"
	root.add_child(terrain)
	await terrain.world_loaded
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	await terrain.save()
	terrain.free()
	quit()
END
engine "$GODOT" --headless --path "$scratch/project" --script res://make_world.gd || fail "no world was made"
[[ -s $scratch/project/start.nebula ]] || fail "no world was made"
cat >"$scratch/project/begin.gd" <<'END'
extends Node

func _ready() -> void:
	await get_tree().create_timer(1.0).timeout  # the demo must be the first to start the pool
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelFlatGenerator.new()
	terrain.view_distance = 32.0
	terrain.world_store = VoxelWorldStore.new()
	terrain.world_store.starting_path = "res://start.nebula"
	add_child(terrain)
	await terrain.world_loaded
	print("begins at a height of %.1f" % terrain.ground_height(0, 0))
	terrain.queue_free()  # its signal is being emitted
END
printf '\n[autoload]\n\nBegin="*res://begin.gd"\n' >>"$scratch/project/project.godot"

export_game libnebula.so
sentence=$(python3 -B "$root/tests/godot/library_test.py" "$scratch/game/libnebula.so" nebula_init) || fail "$sentence"
play -- --threads=2 --seconds=2 --report="$scratch/report.json"
grep -q '^begins at a height of -6\.' "$scratch/log" || fail "the exported game does not begin with its world"
[[ -s $scratch/report.json ]] || fail "the exported game wrote no report"
echo "1 passed, 0 failed"

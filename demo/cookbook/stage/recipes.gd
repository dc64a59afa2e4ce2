extends RefCounted
## What recipes there are: the scenes of cookbook/, but for its menu.

const FOLDER := "res://cookbook"
const MENU := "res://cookbook/menu.tscn"

## Kept: the engine (4.6.3, OpenGL) leaks the textures of a sky that is freed before it was drawn.
static var _scenes: Array[PackedScene] = []


static func names() -> PackedStringArray:
	var found: PackedStringArray
	for file in ResourceLoader.list_directory(FOLDER):
		if file.ends_with(".tscn") and FOLDER.path_join(file) != MENU:
			found.append(file.get_basename())
	return found


static func path_of(name: String) -> String:
	return FOLDER.path_join(name + ".tscn")


## The `help` of its scene, without starting it.
static func help_of(name: String) -> String:
	var scene: PackedScene = load(path_of(name))
	if scene not in _scenes:
		_scenes.append(scene)
	var state := scene.get_state()
	for i in state.get_node_property_count(0):
		if state.get_node_property_name(0, i) == &"help":
			return state.get_node_property_value(0, i)
	return ""

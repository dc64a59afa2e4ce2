# Every block of GDScript in README.md and docs/ compiles against the classes as they are: a method
# that was renamed, an argument too many or a wrong type fails here.
extends "res://test_suite.gd"

# What blocks use and leave to the reader's project. A block that declares a name itself keeps it.
const NAMES := {
	"terrain": "VoxelTerrain", "library": "VoxelMaterialLibrary", "brush": "VoxelBrush",
	"store": "VoxelWorldStore", "viewer": "VoxelViewer", "body": "RigidBody3D", "node": "Node3D",
	"ship": "Node3D", "door": "Variant", "shop": "Object", "lamp": "Object", "player": "Node3D",
	"inventory": "Variant",
	"center": "Vector3", "aim": "Vector3", "spawn": "Vector3", "from": "Vector3", "to": "Vector3",
	"direction": "Vector3", "corner": "Vector3", "motion": "Vector3",
	"mine": "Vector3", "bend": "Vector3", "exit": "Vector3", "floor": "Vector3", "rim": "Vector3",
	"hand": "Node3D", "size": "Vector3i", "source": "Vector3i", "target": "Vector3i",
	"ice": "VoxelMaterial", "pond": "Node3D", "mesh": "Mesh", "cave": "Vector3", "wall": "Vector3",
	"BRICK": "int", "WOOD": "int", "MOSS": "int", "GRANITE": "int",
	"place": "Vector3", "cancel_button": "Button", "progress_bar": "ProgressBar",
}
const FUNCTIONS := {
	"spawn_player": "func spawn_player() -> void: pass",
	"add_player": "func add_player(_at: Vector3) -> void: pass",
	"show_message": "func show_message(_text: String) -> void: pass",
}


func test_every_snippet_compiles() -> void:
	var root := ProjectSettings.globalize_path("res://").path_join("../..").simplify_path()
	var pages: PackedStringArray = ["README.md"]
	for file in DirAccess.get_files_at(root.path_join("docs")):
		if file.ends_with(".md"):
			pages.append("docs/" + file)
	var count := 0
	for page in pages:
		for block in _blocks(FileAccess.get_file_as_string(root.path_join(page))):
			count += 1
			_compile(block["text"], "%s:%d" % [page, block["line"]])
	check(count > 20, "the pages have snippets, and %d were found" % count)


func _compile(text: String, place: String) -> void:
	var source := _script_of(text)
	var script := GDScript.new()
	script.source_code = source
	if script.reload() != OK:
		failures.append("%s does not compile; it was read as\n%s" % [place, source])


# A block is a script, or else the body of a function.
func _script_of(text: String) -> String:
	var is_script := RegEx.create_from_string("(?m)^(extends|func|signal|class|@\\w+)\\b").search(text) != null
	var head := ""
	var body := text
	if text.begins_with("extends "):
		head = text.get_slice("\n", 0) + "\n"
		body = text.substr(head.length())
		# Names of scripts are known only after the editor has imported the project.
		head = head.replace("VoxelCharacterBody3D", '"res://addons/nebula/character/voxel_character_body_3d.gd"')
	else:
		head = "extends Node3D\n"
	for name: String in NAMES:
		if _uses(body, name) and not _declares(body, name, is_script):
			head += "var %s: %s\n" % [name, NAMES[name]]
	for name: String in FUNCTIONS:
		if _uses(body, name) and not ("func " + name) in body:
			head += FUNCTIONS[name] + "\n"
	return head + body if is_script else head + "func _snippet() -> void:\n" + body.indent("\t")


func _uses(text: String, name: String) -> bool:
	return RegEx.create_from_string("(?<![.\\w\"])%s\\b" % name).search(text) != null


func _declares(text: String, name: String, is_script: bool) -> bool:
	var start := "(?m)^" if is_script else "(?m)^\\s*"
	return RegEx.create_from_string("%s(@\\w+ )*(var|const) %s\\b" % [start, name]).search(text) != null


# The blocks of a page, with the line on which each begins.
func _blocks(page: String) -> Array[Dictionary]:
	var blocks: Array[Dictionary] = []
	var lines := page.split("\n")
	var i := 0
	while i < lines.size():
		# What stands in a file of the tree is compiled there.
		var copied := i > 0 and lines[i - 1].begins_with("<!-- from ")
		if lines[i].strip_edges() == "```gdscript" and not copied:
			var block := {"line": i + 2, "text": ""}
			i += 1
			while lines[i].strip_edges() != "```":
				block["text"] += _with_tabs(lines[i]) + "\n"
				i += 1
			blocks.append(block)
		i += 1
	return blocks


func _with_tabs(line: String) -> String:
	var text := line.lstrip(" ")
	var spaces := line.length() - text.length()
	@warning_ignore("integer_division")
	return "\t".repeat(spaces / 4) + text

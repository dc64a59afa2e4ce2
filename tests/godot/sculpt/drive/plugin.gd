# Drives the editor as a person would, with a mouse and keys, and looks at what came of it.
#   godot --editor --path PROJECT -- first|again|hills [--pictures=FOLDER]
# "first" sculpts, saves and quits; "again" opens the project anew; "hills" makes the guide's picture.
@tool
extends EditorPlugin

const GeneratorPreview := preload("res://addons/nebula/editor/generator_preview.gd")
const SCENE := "res://island.tscn"
const HILLS := "res://hills.tscn"
const OTHER := "res://other.tscn"
const RENAMED := "res://renamed.tscn"
const WORLD := "res://island.nebula"
const MISSING := "res://missing.nebula"
const EXTENSION := "res://addons/nebula/nebula.gdextension"
# The raised one is behind the others, so that it hides none of them.
const RAISED := Vector3(-10, 0, -6)
const PAINTED := Vector3(8, 0, 0)
const ON_ARROW := Vector3(7, 0, 0)  # the node's own, which moves it
const DUG := Vector3(0, 0, 8)
const PLAYED := Vector3(-7, 0, 10)
const UNSAVED := Vector3(12, 0, -8)
const STAMPED := Vector3(12, 0, -8)
const HILL := Vector3(10, 0, 2)
const COPIED := Vector3(16, 2, 16)
const CLOSED := Vector3(10, 0, 4)
const SAVED_AS := Vector3(-2, 0, -4)
const REMOVED := Vector3(-8, 0, 4)
const HIDDEN := Vector3(-4, 2, 2)
const GAME_DUG := Vector3(12, 0, 12)

var _pictures := ""
var _failed := 0


func _enter_tree() -> void:
	_run.call_deferred()


func _run() -> void:
	var what := ""
	for argument in OS.get_cmdline_user_args():
		if argument.begins_with("--pictures="):
			_pictures = argument.trim_prefix("--pictures=")
		else:
			what = argument
	while EditorInterface.get_resource_filesystem().is_scanning():
		await frames(1)
	get_window().size = Vector2i(1280, 720)
	EditorInterface.set_main_screen_editor("3D")
	EditorInterface.open_scene_from_path(HILLS if what == "hills" else SCENE)
	await frames(10)
	var terrain := EditorInterface.get_edited_scene_root().get_node("Terrain") as VoxelTerrain
	if what == "hills":
		await show_hills(terrain)
	elif what == "first":
		await sculpt(terrain)
	elif what == "again":
		await look_again(terrain)
	print("drove: %s" % ["passed" if _failed == 0 else "failed"])
	if what == "first":
		await quit_without_saving()
	else:
		get_tree().quit()


func sculpt(terrain: VoxelTerrain) -> void:
	check(await terrain.wait_loaded(), "the terrain shows in the editor")
	check(terrain.get_statistics().collision_bodies == 0, "and nothing collides")
	await select(terrain)
	check(panel() != null and panel().is_visible_in_tree(), "a panel shows for the selected terrain")
	for i in 12:
		await wheel(on_screen(Vector3.ZERO), false)  # the view moves back
	await press(button("Raise"))
	await drag([on_screen(RAISED)])
	check(terrain.get_last_edit().is_empty(), "without a file nothing is sculpted")
	terrain.world_store = VoxelWorldStore.new()
	terrain.world_store.starting_path = MISSING
	await comes(func() -> bool: return MISSING.get_file() in shown_problem(), "the panel names the file that is missing")
	check(not FileAccess.file_exists(MISSING), "nor is a file made for whoever only looks")
	await create_world(terrain)
	check(FileAccess.file_exists(MISSING) and shown_problem().is_empty(), "a button makes the file that is missing")
	terrain.world_store = null
	await frames(5)
	await create_world(terrain)
	check(FileAccess.file_exists(WORLD), "and one for a terrain that has none")
	await picture("panel")

	await drag([on_screen(RAISED), on_screen(RAISED + Vector3(3, 0, 0))], 6)
	var raised := height(terrain, RAISED)
	check(raised > 0.1, "a stroke raises: %s" % raised)
	await picture("raised")
	await key(KEY_5, false, true)
	panel().find_child("Materials", true, false).item_selected.emit(1)
	await drag([on_screen(ON_ARROW), on_screen(PAINTED)])
	check(is_painted(terrain), "a stroke paints")
	check(terrain.transform == Transform3D(), "and does not move the node by the arrow where it begins")
	await look_at_previews(terrain)
	panel().find_child("Strength", true, false).value = 0.7
	check(is_equal_approx(plugin()._brush.strength, 0.7), "a slider sets the brush")
	await key(KEY_7, false, true)
	var size: float = panel().find_child("Size", true, false).value
	check(size == 6.0, "as large as it is at first: %s" % size)
	await wheel(on_screen(DUG), false, false, true)
	check(panel().find_child("Size", true, false).value < size, "Shift and the wheel change the size")
	var at := on_screen(DUG)
	await drag([at, at + Vector2(1, 0), at, at + Vector2(0, 1), at], 10)
	check(height(terrain, DUG) < -3.0, "a stroke digs: %s" % height(terrain, DUG))
	var beside := DUG + Vector3(0, 0, -7)
	check(height(terrain, beside) > -0.5, "one hole, where the mouse rests: %s" % height(terrain, beside))
	await picture("dug")
	await key(KEY_6, false, true)
	await drag([on_screen(STAMPED)], 20)
	check(absf(height(terrain, STAMPED) - 5.5) < 1.0, "and one sphere is added: %s" % height(terrain, STAMPED))
	await picture("added")
	await key(KEY_Z, true)

	await key(KEY_1, false, true)
	at = on_screen(HILL)
	await drag([at, at + Vector2(1, 0), at, at + Vector2(0, 1), at], 20)
	var hill := height(terrain, HILL)
	check(hill > 6.0, "a mouse that rests raises a hill: %s" % hill)
	var to_camera := (view().get_camera_3d().global_position - HILL).slide(Vector3.UP).normalized()
	var foot := height(terrain, HILL + to_camera * 8.0)
	check(foot < 0.5, "which does not grow towards the camera: %s" % foot)
	await picture("hill")
	await key(KEY_Z, true)
	check(height(terrain, HILL) < 0.1, "as one stroke, too")

	await key(KEY_8, false, true)
	panel().find_child("StampSource", true, false).resource_changed.emit(BoxMesh.new())
	await frames(30)
	await drag([on_screen(STAMPED)])
	check(height(terrain, STAMPED) > 2.0, "a mesh is stamped: %s" % height(terrain, STAMPED))
	await picture("stamped")
	await key(KEY_Z, true)
	check(height(terrain, STAMPED) < 0.1, "as one stroke")

	await key(KEY_Z, true)
	check(height(terrain, DUG) > -1.0 and is_painted(terrain), "undo takes one stroke back")
	await key(KEY_Z, true)
	await key(KEY_Z, true)
	check(absf(height(terrain, RAISED)) < 0.1 and not is_painted(terrain), "and the others")
	for i in 3:
		await key(KEY_Z, true, true)
	check(height(terrain, RAISED) == raised and is_painted(terrain), "redo makes them again")
	check(height(terrain, DUG) < -3.0, "all of them")

	var saved := saves_of(terrain)
	await key(KEY_S, true)
	await comes(func() -> bool: return saved.size() > 0 and saved[0] > 0, "the world is saved with the scene")
	check(plugin()._get_unsaved_status(SCENE).is_empty(), "and nothing is unsaved then")
	await key(KEY_7, false, true)
	await drag([on_screen(PLAYED)])
	check("Terrain" in plugin()._get_unsaved_status(SCENE), "before it closes the scene, the editor asks about the stroke")
	plugin().call("_build")
	await play()
	await drag([on_screen(UNSAVED)])
	check(height(terrain, UNSAVED) < -1.0, "a stroke that nobody saves")


func look_at_previews(terrain: VoxelTerrain) -> void:
	var hills := VoxelNoiseGenerator.new()
	var picture := GeneratorPreview.picture_of(hills).get_data()
	check(picture == GeneratorPreview.picture_of(hills).get_data(), "a generator has one picture")
	hills.seed = 2
	check(picture != GeneratorPreview.picture_of(hills).get_data(), "another one has another")
	var flat := GeneratorPreview.picture_of(terrain.generator).get_data()
	check(flat.count(flat[0]) + flat.count(flat[1]) + flat.count(flat[2]) == flat.size(), "flat ground is of one colour")
	if DisplayServer.get_name() == "headless":
		return  # where the editor makes no pictures
	for resource: Resource in [hills, terrain.material_library.get_material(1)]:
		check(await has_preview(resource), "the inspector has a small picture of %s" % resource.get_class())


func quit_without_saving() -> void:
	get_tree().root.find_children("*", "EditorNode", true, false)[0].notification(NOTIFICATION_WM_CLOSE_REQUEST)
	await frames(5)
	var asked := dialogs()
	check(asked.size() == 1 and "unsaved changes" in asked[0].dialog_text, "the editor asks before it quits")
	for dialog in asked:
		for choice: Button in dialog.find_children("*", "Button", true, false):
			if choice.text == "Don't Save":
				choice.pressed.emit.call_deferred()  # after which this plugin is no more
	get_tree().create_timer(20.0).timeout.connect(get_tree().quit.bind(1))  # if it does not quit


# While the editor has the file open.
func play() -> void:
	var answer := ProjectSettings.globalize_path("res://played.txt")
	OS.create_process(
		OS.get_environment("GODOT"),
		["--headless", "--path", ProjectSettings.globalize_path("res://"), "--fixed-fps", "60", "--script",
		"res://drive/game.gd", "--", answer]
	)
	await comes(func() -> bool: return FileAccess.file_exists(answer), "the game answers", 3000)
	var text := FileAccess.get_file_as_string(answer)
	check(text == "ok", "the game has the world of the editor: %s" % text)


func look_again(terrain: VoxelTerrain) -> void:
	await loaded(terrain)
	check(height(terrain, RAISED) > 0.1 and height(terrain, DUG) < -3.0 and is_painted(terrain), "strokes are kept")
	check(height(terrain, PLAYED) < -1.0, "also what was saved because the scene was played")
	check(height(terrain, GAME_DUG) > -1.0, "what the game digs is not in the file")
	check(height(terrain, UNSAVED) > -1.0, "nor what was not saved")

	terrain.generator.height = 2.0
	await comes(
		func() -> bool: return absf(height(terrain, Vector3(40, 0, 40)) - 2.0) < 0.1, "a changed generator shows"
	)
	await loaded(terrain)
	check(height(terrain, DUG) < -3.0, "and strokes stay")

	await select(terrain)
	terrain.dig_sphere(UNSAVED, 3.0)
	check(GDExtensionManager.reload_extension(EXTENSION) == OK, "the extension is reloaded")
	await frames(3)
	await loaded(terrain)
	check(height(terrain, UNSAVED) < -1.0, "a reload loses no stroke")
	check(EditorInterface.get_base_control().find_children("NebulaSculpt", "", true, false).size() == 1, "one panel")
	await select(EditorInterface.get_edited_scene_root())
	await select(terrain)
	check(panel().is_visible_in_tree(), "which works")

	EditorInterface.open_scene_from_path(OTHER)
	await frames(5)
	var other := EditorInterface.get_edited_scene_root().get_node("Terrain") as VoxelTerrain
	await loaded(other)
	check(height(other, DUG) < -3.0, "another scene may have the same world, when nobody edits it in the first")
	other.world_store.file_path = "user://slot.nebula"
	var double := other.duplicate() as VoxelTerrain
	other.add_sibling(double, true)
	double.owner = other.owner
	await select(double)
	double.sample(Vector3.ZERO)
	await comes(func() -> bool: return "open already" in shown_problem(), "two terrains cannot have one file")
	other.dig_sphere(COPIED, 4.0)
	await press(button("CreateWorld"))
	await comes(func() -> bool: return double.world_store != other.world_store, "a duplicate can have a file of its own")
	await loaded(double)
	check(shown_problem().is_empty(), "which it can use")
	check(double.world_store.file_path == "user://slot_terrain_2.nebula", "in the game, too: %s" % double.world_store.file_path)
	check(height(double, DUG) < -3.0 and height(double, COPIED) < 0.0, "and which begins with what the other one has")
	EditorInterface.close_scene()
	await frames(5)
	check(not is_instance_valid(other), "a closed scene frees its terrain")

	await save_hidden(terrain)


# "Save all" with a stroke in a scene whose tab is not shown.
func save_hidden(terrain: VoxelTerrain) -> void:
	await select(terrain)
	await loaded(terrain)
	await press(button("Dig"))
	await drag([on_screen(HIDDEN)])
	check(height(terrain, HIDDEN) < -1.0, "a stroke in a scene that is hidden then: %s" % height(terrain, HIDDEN))
	var saved := saves_of(terrain)
	EditorInterface.open_scene_from_path(OTHER)
	await frames(5)
	check(not terrain.is_inside_tree(), "the scene is hidden")
	EditorInterface.save_all_scenes()
	await frames(5)
	EditorInterface.open_scene_from_path(SCENE)
	await comes(func() -> bool: return not saved.is_empty(), "Save All saves its world, too")
	await save_as(terrain)
	await close_and_save(terrain)


func save_as(terrain: VoxelTerrain) -> void:
	await select(terrain)
	await press(button("Dig"))
	await drag([on_screen(SAVED_AS)])
	check("Terrain" in plugin()._get_unsaved_status(SCENE), "a stroke before the scene gets another name")
	var saved := saves_of(terrain)
	EditorInterface.save_scene_as(RENAMED)
	await comes(func() -> bool: return not saved.is_empty(), "Save As saves the world, too")
	check(plugin()._get_unsaved_status(RENAMED).is_empty(), "all of it")


# With the dialog in which the editor asks.
func close_and_save(terrain: VoxelTerrain) -> void:
	await select(terrain)
	await press(button("Dig"))
	await drag([on_screen(CLOSED)])
	check(height(terrain, CLOSED) < -1.0, "a stroke before the scene is closed: %s" % height(terrain, CLOSED))
	var bar: Node = EditorInterface.get_base_control().find_children("*", "EditorSceneTabs", true, false)[0]
	var tabs: TabBar = bar.find_children("*", "TabBar", true, false)[0]
	tabs.tab_close_pressed.emit(tabs.current_tab)
	await frames(5)
	var asked := dialogs()
	check(asked.size() == 1 and "unsaved changes" in asked[0].dialog_text, "the editor asks about the stroke")
	for dialog: ConfirmationDialog in asked:
		dialog.get_ok_button().pressed.emit()
	await frames(5)
	check(not is_instance_valid(terrain), "the scene is closed")
	EditorInterface.open_scene_from_path(RENAMED)
	await frames(10)
	terrain = EditorInterface.get_edited_scene_root().get_node("Terrain")
	await loaded(terrain)
	check(height(terrain, CLOSED) < -1.0, "and the world was saved with it")
	await remove_and_reload(terrain)


func remove_and_reload(terrain: VoxelTerrain) -> void:
	await select(terrain)
	await press(button("Dig"))
	await drag([on_screen(REMOVED)])
	var dug := height(terrain, REMOVED)
	check(dug < -1.0, "a stroke before the node is removed: %s" % dug)
	var root := terrain.get_parent()
	var undo := EditorInterface.get_editor_undo_redo()
	undo.create_action("Remove Terrain", UndoRedo.MERGE_DISABLE, root)
	undo.add_do_method(root, &"remove_child", terrain)
	undo.add_undo_method(root, &"add_child", terrain)
	undo.add_undo_property(terrain, &"owner", root)
	undo.add_undo_reference(terrain)
	undo.commit_action()
	EditorInterface.save_scene()
	await frames(5)
	await key(KEY_Z, true)
	check(height(terrain, REMOVED) == dug, "a node that comes back has its strokes: %s" % height(terrain, REMOVED))
	var saved := saves_of(terrain)
	EditorInterface.save_scene()
	await comes(func() -> bool: return not saved.is_empty(), "which are saved then")

	EditorInterface.reload_scene_from_path(RENAMED)
	await frames(5)
	check(not is_instance_valid(terrain), "the scene is loaded again")
	terrain = EditorInterface.get_edited_scene_root().get_node("Terrain")
	await loaded(terrain)
	await select(terrain)
	check(height(terrain, REMOVED) == dug and shown_problem().is_empty(), "with its world")


# docs/pictures/editor.jpg
func show_hills(terrain: VoxelTerrain) -> void:
	check(await terrain.wait_loaded(), "the hills load")
	await select(terrain)
	for i in 16:
		await wheel(on_screen(Vector3.ZERO), false)
	await create_world(terrain)
	await press(button("Paint"))
	panel().find_child("Materials", true, false).item_selected.emit(3)
	await drag([on_screen(Vector3(9, 0, 4)), on_screen(Vector3(14, 0, 2))])
	await press(button("Dig"))
	await drag([on_screen(Vector3(12, 0, 3))])
	await press(button("Raise"))
	await drag([on_screen(Vector3(-12, 0, -8)), on_screen(Vector3(-4, 0, -10))], 5)
	await key(KEY_V)  # Select Mode, in which the node has no arrows
	await move(on_screen(Vector3(-6, 0, 6)), false)
	await frames(10)
	await picture("editor")


# ---- What a person does


func plugin() -> Node:
	return get_tree().root.find_children("*", "EditorNebulaPlugin", true, false)[0]


func panel() -> Control:
	return EditorInterface.get_base_control().find_child("NebulaSculpt", true, false)


func button(title: String) -> Button:
	return panel().find_child(title, true, false)


func view() -> Viewport:
	return EditorInterface.get_editor_viewport_3d(0)


func view_rect() -> Rect2:
	return (view().get_parent() as Control).get_global_rect()


# From a place in the world to one in the window.
func on_screen(at: Vector3) -> Vector2:
	var rect := view_rect()
	var scale := rect.size / Vector2(view().get_visible_rect().size)
	return rect.position + view().get_camera_3d().unproject_position(at) * scale


func select(node: Node) -> void:
	EditorInterface.get_selection().clear()
	EditorInterface.get_selection().add_node(node)
	EditorInterface.edit_node(node)
	await frames(5)


func press(what: Button) -> void:
	var at := what.get_global_rect().get_center()
	await mouse(at, true)
	await mouse(at, false)


# Those that wait for an answer.
func dialogs() -> Array[Node]:
	return get_tree().root.find_children("*", "ConfirmationDialog", true, false).filter(
		func(dialog: ConfirmationDialog) -> bool: return dialog.visible
	)


func create_world(terrain: VoxelTerrain) -> void:
	await press(button("CreateWorld"))
	await frames(5)
	await loaded(terrain)


func mouse(at: Vector2, pressed: bool) -> void:
	var event := InputEventMouseButton.new()
	event.button_index = MOUSE_BUTTON_LEFT
	event.pressed = pressed
	await send(event, at, pressed)
	await frames(1)


func send(event: InputEventMouse, at: Vector2, held: bool) -> void:
	event.button_mask = MOUSE_BUTTON_MASK_LEFT if held else 0
	event.position = at
	event.global_position = at
	Input.parse_input_event(event)
	await frames(1)


func wheel(at: Vector2, up: bool, ctrl := false, shift := false) -> void:
	for pressed: bool in [true, false]:
		var event := InputEventMouseButton.new()
		event.button_index = MOUSE_BUTTON_WHEEL_UP if up else MOUSE_BUTTON_WHEEL_DOWN
		event.pressed = pressed
		event.factor = 1.0
		event.ctrl_pressed = ctrl
		event.shift_pressed = shift
		await send(event, at, false)


func move(at: Vector2, held: bool) -> void:
	await send(InputEventMouseMotion.new(), at, held)


# Through places in the window, with a stay of some frames at each.
func drag(places: Array[Vector2], stay := 2) -> void:
	await move(places[0], false)
	await mouse(places[0], true)
	for place in places:
		await move(place, true)
		await frames(stay)
	await mouse(places[-1], false)


func key(which: Key, ctrl := false, shift := false) -> void:
	for pressed: bool in [true, false]:
		var event := InputEventKey.new()
		event.keycode = which
		event.physical_keycode = which
		event.pressed = pressed
		event.ctrl_pressed = ctrl
		event.shift_pressed = shift
		Input.parse_input_event(event)
		await frames(2)


# ---- What the test needs


# Also after a world has ended and another one has begun.
func loaded(terrain: VoxelTerrain) -> void:
	terrain.sample(Vector3.ZERO)  # an editor without a window builds what somebody asks for
	await frames(1)
	if not await comes(terrain.is_loaded, "the terrain loads"):
		printerr(terrain.why_late(Vector3.ZERO))


func has_preview(resource: Resource) -> bool:
	var pictures := []
	EditorInterface.get_resource_previewer().queue_edited_resource_preview(
		resource, self, &"_on_preview", pictures
	)
	return await comes(func() -> bool: return not pictures.is_empty(), "the small picture comes") and pictures[0] != null


func _on_preview(_path: String, picture: Texture2D, _small: Texture2D, pictures: Array) -> void:
	pictures.append(picture)


# How many bricks each save has, from now on.
func saves_of(terrain: VoxelTerrain) -> Array:
	var saves := []
	terrain.saved.connect(func(bricks: int) -> void: saves.append(bricks))
	return saves


func is_painted(terrain: VoxelTerrain) -> bool:
	return terrain.material_at(PAINTED + Vector3(0, -0.5, 0)) == 1


func height(terrain: VoxelTerrain, at: Vector3) -> float:
	return terrain.ground_height(at.x, at.z)


func shown_problem() -> String:
	var text := panel().find_child("Problem", true, false) as Label
	return text.text if text.is_visible_in_tree() else ""


func comes(condition: Callable, claim: String, most_frames := 600) -> bool:
	for i in most_frames:
		if condition.call():
			return true
		await frames(1)
	check(false, claim)
	return false


func frames(count: int) -> void:
	for i in count:
		await get_tree().process_frame


func check(condition: bool, claim: String) -> void:
	if not condition:
		_failed += 1
		printerr("ERROR: ", claim)


func picture(title: String) -> void:
	if _pictures.is_empty():
		return
	await frames(3)
	OS.low_processor_usage_mode = false  # in which only what has changed is drawn
	await RenderingServer.frame_post_draw
	OS.low_processor_usage_mode = true
	get_tree().root.get_texture().get_image().save_png(_pictures.path_join(title + ".png"))

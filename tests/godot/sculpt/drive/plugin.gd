# Drives the editor as a person would, with a mouse and keys, and looks at what came of it.
#   godot --editor --path PROJECT -- first|again [--pictures=FOLDER]
# "first" sculpts, saves and quits; "again" opens the project anew.
@tool
extends EditorPlugin

const SCENE := "res://island.tscn"
const WORLD := "res://island.nebula"

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
	EditorInterface.open_scene_from_path(SCENE)
	await frames(10)
	var terrain := EditorInterface.get_edited_scene_root().get_node("Terrain") as VoxelTerrain
	if what == "first":
		await sculpt(terrain)
	elif what == "again":
		await look_again(terrain)
	print("drove: %s" % ["passed" if _failed == 0 else "failed"])
	get_tree().quit()


func sculpt(terrain: VoxelTerrain) -> void:
	check(await terrain.wait_loaded(), "the terrain shows in the editor")
	check(terrain.get_statistics().collision_bodies == 0, "and nothing collides")
	await select(terrain)
	var panel := EditorInterface.get_base_control().find_child("NebulaSculpt", true, false) as Control
	check(panel != null and panel.is_visible_in_tree(), "a panel shows for the selected terrain")
	for i in 12:
		await wheel(on_screen(Vector3.ZERO), false)  # the view moves back
	await press(panel.find_child("Raise", true, false))
	await drag([on_screen(Vector3(0, 0, 0))])
	check(terrain.get_last_edit().is_empty(), "without a file nothing is sculpted")
	await press(panel.find_child("CreateWorld", true, false))
	await world_loaded(terrain)
	check(FileAccess.file_exists(WORLD), "a button makes the file")
	await picture("panel")

	await drag([on_screen(Vector3(-8, 0, 0)), on_screen(Vector3(-4, 0, 0))], 12)
	check(height(terrain, Vector3(-8, 0, 0)) > 0.3, "a stroke raises: %s" % height(terrain, Vector3(-8, 0, 0)))
	await picture("raised")
	await key(KEY_5, false, true)
	panel.find_child("Materials", true, false).item_selected.emit(1)
	await drag([on_screen(Vector3(8, 0, 0))])
	check(terrain.material_at(Vector3(8, -0.5, 0)) == 1, "a stroke paints")
	await key(KEY_7, false, true)
	await drag([on_screen(Vector3(0, 0, 8))])
	check(height(terrain, Vector3(0, 0, 8)) < -3.0, "a stroke digs: %s" % height(terrain, Vector3(0, 0, 8)))
	await picture("dug")
	print(terrain.get_statistics())


func look_again(_terrain: VoxelTerrain) -> void:
	pass


# ---- What a person does


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


func press(button: Button) -> void:
	var at := button.get_global_rect().get_center()
	await mouse(at, true)
	await mouse(at, false)


func mouse(at: Vector2, pressed: bool) -> void:
	var event := InputEventMouseButton.new()
	event.button_index = MOUSE_BUTTON_LEFT
	event.button_mask = MOUSE_BUTTON_MASK_LEFT if pressed else 0
	event.pressed = pressed
	event.position = at
	event.global_position = at
	Input.parse_input_event(event)
	await frames(2)


func wheel(at: Vector2, up: bool, ctrl := false, shift := false) -> void:
	for pressed: bool in [true, false]:
		var event := InputEventMouseButton.new()
		event.button_index = MOUSE_BUTTON_WHEEL_UP if up else MOUSE_BUTTON_WHEEL_DOWN
		event.pressed = pressed
		event.factor = 1.0
		event.ctrl_pressed = ctrl
		event.shift_pressed = shift
		event.position = at
		event.global_position = at
		Input.parse_input_event(event)
	await frames(2)


func move(at: Vector2, held: bool) -> void:
	var event := InputEventMouseMotion.new()
	event.button_mask = MOUSE_BUTTON_MASK_LEFT if held else 0
	event.position = at
	event.global_position = at
	Input.parse_input_event(event)
	await frames(1)


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


func world_loaded(terrain: VoxelTerrain) -> void:
	for i in 100:
		if terrain.is_loaded():
			break
		await frames(1)
	check(terrain.is_loaded(), "the world is loaded from its file")


func height(terrain: VoxelTerrain, at: Vector3) -> float:
	return terrain.ground_height(at.x, at.z)


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

# Has the editor reload the extension, as it does when the library was built anew, with coroutines
# pending and a terrain that shows its world; and then the add-on, with the extension staying.
# says: ^reloaded$
@tool
extends EditorPlugin

const EXAMPLE := "res://addons/example/example.gdextension"
const NEBULA := "res://addons/nebula/nebula.gdextension"
const ROUNDS := 5
const CLOSED := 3

var _told := []


func _enter_tree() -> void:
	_run()


func _run() -> void:
	while EditorInterface.get_resource_filesystem().is_scanning():
		await get_tree().process_frame
	EditorInterface.open_scene_from_path("res://main.tscn")
	await get_tree().process_frame
	var scene := EditorInterface.get_edited_scene_root()
	var terrain: Variant = scene.get_node("Terrain")
	var shower: Variant = scene.get_node("Shower")
	var moon: Variant = terrain.generator.source
	moon.depth = 7.0
	for round in ROUNDS + 1:
		check(terrain.raycast(Vector3(24, 50, 24), Vector3.DOWN, 100.0) != null, "there is a world")
		check(await terrain.wait_loaded(), "and it loads, in round %d" % round)
		var middle: Vector3 = terrain.raycast(Vector3(24, 50, 24), Vector3.DOWN, 100.0).position
		check(absf(middle.y + 7.0) < 0.1, "it is the world of its settings: %s" % middle)
		shower.alarm.emit()
		await get_tree().process_frame
		listen(shower.fall(terrain, 1000))
		await get_tree().create_timer(0.05).timeout
		if round == ROUNDS:
			break
		check(GDExtensionManager.reload_extension(EXAMPLE) == OK, "the reload itself")
		check(_told == [CLOSED], "who waited is told that the extension went: %s" % [_told])
		_told.clear()
		check(shower.alarm.get_connections().is_empty(), "no connections left")
		await get_tree().process_frame
		await get_tree().process_frame
		check(moon.depth == 7.0, "properties are kept: %s" % moon.depth)
		check(shower.alarms == 0, "the rest begins anew: %s" % shower.alarms)
		shower.request_ready()
	check(GDExtensionManager.reload_extension(NEBULA) == OK, "the add-on's reload")
	check(terrain.generator.source == moon, "it keeps its source")
	check(terrain.raycast(Vector3(24, 50, 24), Vector3.DOWN, 100.0) != null, "there is a world")
	check(await terrain.wait_loaded(), "which loads")
	print("reloaded")
	get_tree().quit()


func listen(awaited: Signal) -> void:
	var got: Variant = await awaited
	_told.append(got.get("code"))


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: does not hold: ", claim)

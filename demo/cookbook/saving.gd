extends "res://cookbook/stage/recipe.gd"
## A world in a file: saved, changed, and opened again as it was saved.

const FILE := "user://cookbook_saving.nebula"

var _store := VoxelWorldStore.new()


## Before the terrain enters the tree, so that it begins with its file.
func _enter_tree() -> void:
	if on_tour:
		DirAccess.remove_absolute(FILE)
	_store.file_path = FILE
	# The player decides: what is not saved is forgotten.
	_store.autosave_interval_sec = 0.0
	$Terrain.world_store = _store
	$Terrain.save_failed.connect(say)


func prepare() -> void:
	await super()
	look_from(ground_at(0, 0) + Vector3(0, 20, 24), ground_at(0, 0))


func perform() -> void:
	_build_ring(9.0, 12)
	await save()
	for i in 8:  # never saved
		terrain.dig_sphere(ground_at((i - 3.5) * 4.0, 0), 3.5)
	await go_back()


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed and not event.echo:
		if event.keycode == KEY_F5:
			save()
		elif event.keycode == KEY_F9:
			go_back()


func save() -> void:
	var problem: String = await terrain.save()
	say(problem if problem else "Saved: the file has %d KB." % (_size() / 1024))


func go_back() -> void:
	terrain.regenerate()  # the world begins again, from its file
	await terrain.wait_loaded()
	say("As it was saved, from a file of %d KB." % (_size() / 1024))


func _build_ring(radius: float, stones: int) -> void:
	for i in stones:
		var turn := TAU * i / stones
		var foot := ground_at(radius * cos(turn), radius * sin(turn))
		terrain.add_box(foot + Vector3.UP * 2.0, Vector3(1.6, 6.0, 2.2), Basis(Vector3.UP, -turn))
	terrain.dig_cone(ground_at(0, 0) + Vector3.DOWN * 3.0, ground_at(0, 0) + Vector3.UP, 1.0, 6.0)


func _size() -> int:
	var file := FileAccess.open(FILE, FileAccess.READ)
	return file.get_length() if file else 0

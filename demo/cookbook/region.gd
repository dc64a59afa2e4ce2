extends "res://cookbook/stage/recipe.gd"
## A part of the world in a file of its own: exported once, imported wherever it is wanted.

const WORLD := "user://cookbook_region.nebula"
const HOUSE := "user://cookbook_house.nebula"
const SIZE := Vector3(24, 22, 24)

var _corner: Vector3


## A region is exported from a world that has a file.
func _enter_tree() -> void:
	for file: String in [WORLD, HOUSE]:
		DirAccess.remove_absolute(file)
	var store := VoxelWorldStore.new()
	store.file_path = WORLD
	$Terrain.world_store = store


func prepare() -> void:
	await super()
	# Level ground, so that houses stand on it wherever they are.
	terrain.dig_box(Vector3(0, 25, 0), Vector3(100, 48, 56))
	terrain.add_box(Vector3(0, -5, 0), Vector3(100, 12, 56))
	_corner = Vector3(-48, -3, -12)
	_build_house(Vector3(-36, 1, 0))
	var problem: String = await terrain.export_region(AABB(_corner, SIZE), HOUSE)
	say(problem)
	look_from(Vector3(0, 22, 50), Vector3(0, 5, 0))


func perform() -> void:
	for x: int in [24, 48, 72]:
		await import_house(Vector3i(x, 0, 0))


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_pressed() and not event.is_echo() and event.keycode == KEY_I:
		var hit := terrain.raycast(camera.global_position, -camera.global_basis.z, 300.0)
		if not hit.is_empty():
			import_house(Vector3i(hit["position"] - (_corner + Vector3(SIZE.x / 2, 4, SIZE.z / 2))))


## Each is one edit, so one undo() takes it back.
func import_house(moved_by: Vector3i) -> void:
	var problem: String = await terrain.import_region(HOUSE, moved_by)
	say(problem if problem else "Imported, moved by %s." % moved_by)


func _build_house(at: Vector3) -> void:
	terrain.add_box(at + Vector3(0, 4, 0), Vector3(14, 10, 12))
	terrain.dig_box(at + Vector3(0, 4, 0), Vector3(11, 8, 9))
	terrain.dig_box(at + Vector3(0, 2.5, 6), Vector3(3, 5, 5))
	for x: float in [-4.5, 4.5]:
		terrain.dig_box(at + Vector3(x, 5, 6), Vector3(2.5, 2.5, 5))
	for i in 6:
		terrain.add_box(at + Vector3(0, 9.5 + i, 0), Vector3(16, 1.5, 14 - 2.2 * i))

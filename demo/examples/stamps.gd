extends "res://examples/stage/example.gd"
## Closed meshes as brushes, ground that is copied, and a large edit with a progress bar.

const SPACING := 17.0
const FRONT := 9.0
const BACK := -9.0
const QUARRY := Vector3(0, 0, -260)

var _digging: NebulaTask
var _bar := ProgressBar.new()


func prepare() -> void:
	_bar.position = Vector2(24, 110)
	_bar.size = Vector2(360, 24)
	_bar.max_value = 1.0
	_bar.visible = false
	$Screen.add_child(_bar)
	await super()
	# Level ground shows shapes best.
	terrain.dig_box(Vector3(0, 26, 0), Vector3(100, 50, 60))
	terrain.add_box(Vector3(0, -7, 0), Vector3(100, 16, 60))
	var meshes := _meshes()
	for i in meshes.size():
		var stamp: VoxelStamp = await VoxelStamp.from_mesh(meshes[i])
		var at := Vector3((i - 1.5) * SPACING, 1, 0)
		terrain.dig_stamp(stamp, Transform3D(Basis(), at + Vector3(0, 0, FRONT)))
		terrain.add_stamp(stamp, Transform3D(Basis(Vector3.RIGHT, PI / 2), at + Vector3(0, 6, BACK)))
	# What the first one is now, once more, and turned.
	var tower: VoxelStamp = await terrain.copy_box(Vector3i(-50, 1, -24), Vector3i(24, 20, 24))
	terrain.paste_stamp(tower, Transform3D(Basis(Vector3.UP, PI / 2), Vector3(38, 1, 10)))
	look_from(Vector3(0, 26, 46), Vector3(0, 2, -3))


## A few closed meshes, in voxels.
func _meshes() -> Array[Mesh]:
	var ring := TorusMesh.new()
	ring.inner_radius = 3.0
	ring.outer_radius = 6.5
	var capsule := CapsuleMesh.new()
	capsule.radius = 3.5
	capsule.height = 13.0
	var roof := PrismMesh.new()
	roof.size = Vector3(11, 9, 11)
	var column := CylinderMesh.new()
	column.top_radius = 3.0
	column.bottom_radius = 5.5
	column.height = 11.0
	column.radial_segments = 6
	return [ring, capsule, roof, column]


func perform() -> void:
	_dig_quarry()
	while _digging.progress == 0.0:
		await get_tree().process_frame
	_digging.cancel()
	say("A quarry was begun and cancelled: the ground is as it was.")


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed and not event.echo:
		if event.keycode == KEY_Q and (_digging == null or _digging.is_done()):
			_dig_quarry()
		elif event.keycode == KEY_C and _digging != null:
			_digging.cancel()


func _dig_quarry() -> void:
	_digging = NebulaTask.of(terrain.dig_sphere_async(QUARRY, 200.0))
	_bar.show()
	while _digging.is_pending():
		_bar.value = _digging.progress
		await get_tree().process_frame
	_bar.hide()
	if _digging.result == OK:
		say("The quarry is there: %d cubic metres." % _digging.details.removed)
	elif _digging.result == ERR_SKIP:
		say("Cancelled: the ground is as it was.")

extends "res://cookbook/stage/recipe.gd"
## Closed meshes as brushes, and ground that is copied.

const SPACING := 17.0
const FRONT := 9.0
const BACK := -9.0


func prepare() -> void:
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

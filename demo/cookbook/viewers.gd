extends "res://cookbook/stage/recipe.gd"
## Terrain is loaded around viewers: here around two that walk in circles, as in a split screen, and not
## around the camera, which looks on from above.

const DISTANCE := 1000.0

var _viewers: Array[VoxelViewer] = []
var _walked := 0.0


func prepare() -> void:
	var air: Environment = $Daylight.environment.duplicate()
	air.fog_density = 0.0002
	$Daylight.environment = air
	for i in 2:
		var viewer := VoxelViewer.new()
		viewer.view_distance = 48.0
		viewer.detail_distance = 40.0
		add_child(viewer)
		viewer.add_child(_flag(Color.CRIMSON if i == 0 else Color.GOLD))
		_viewers.append(viewer)
	_place()
	set_physics_process(false)  # who moves all the time is never there
	await super()
	set_physics_process(true)
	look_from(Vector3(0, 1100, 1700), Vector3(0, 0, 100))


func perform() -> void:
	await ticks(30)
	set_physics_process(false)
	await terrain.wait_loaded()
	var there := _viewers.filter(func(viewer: VoxelViewer) -> bool:
		return terrain.is_area_ready(AABB(viewer.position - Vector3.ONE * 4, Vector3.ONE * 8)))
	say("There is ground around %d of %d viewers." % [there.size(), _viewers.size()])


func _physics_process(delta: float) -> void:
	_walked += delta * 60.0
	_place()


func _place() -> void:
	for i in _viewers.size():
		var turn := _walked / DISTANCE + PI * i
		_viewers[i].position = ground_at(cos(turn) * DISTANCE, sin(turn) * DISTANCE)


func _flag(color: Color) -> MeshInstance3D:
	var flag := MeshInstance3D.new()
	flag.mesh = CylinderMesh.new()
	flag.mesh.top_radius = 40.0
	flag.mesh.bottom_radius = 0.0
	flag.mesh.height = 220.0
	flag.position.y = 115.0
	flag.material_override = StandardMaterial3D.new()
	flag.material_override.albedo_color = color
	return flag

extends "res://cookbook/stage/recipe.gd"
## Rays, a sweep, and the nearest ground: a scanner paints what it sees, a capsule falls until it touches.

const RAYS := Vector2i(120, 48)
const REACH := 120.0

var _dots := MultiMeshInstance3D.new()
var _capsule := MeshInstance3D.new()


func prepare() -> void:
	_make_meshes()
	await super()
	for i in 5:
		terrain.add_sphere(ground_at(i * 9.0 - 18.0, -10.0 - (i % 2) * 6.0), 3.0 + i % 3)
	terrain.dig_path([ground_at(-20, 2), ground_at(0, 5), ground_at(20, 2)], 3.0)
	look_from(ground_at(0, 20) + Vector3(0, 13, 8), ground_at(0, -4))


func perform() -> void:
	scan()
	_let_fall()


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_pressed() and event.keycode == KEY_L:
		scan()
		_let_fall()


func scan() -> void:
	var from := ground_at(0, 8) + Vector3.UP * 7
	var count := 0
	for i in RAYS.x * RAYS.y:
		var turn := Vector2((i % RAYS.x) / float(RAYS.x) - 0.5, i / RAYS.x / float(RAYS.y) - 0.75)
		var direction := Vector3.FORWARD.rotated(Vector3.RIGHT, turn.y * 1.2).rotated(Vector3.UP, turn.x * 2.4)
		var hit := terrain.raycast(from, direction, REACH)
		if hit.is_empty():
			continue
		_dots.multimesh.set_instance_transform(count, Transform3D(Basis(), hit["position"]))
		_dots.multimesh.set_instance_color(count, Color.from_hsv(0.6 * hit["distance"] / 60.0, 0.9, 1.0))
		count += 1
	_dots.multimesh.visible_instance_count = count
	say("%d of %d rays met ground." % [count, RAYS.x * RAYS.y])


## As a character's step down would.
func _let_fall() -> void:
	var start := Transform3D(Basis(), ground_at(9, 4) + Vector3.UP * 12)
	var hit := terrain.sweep_capsule(start, 1.0, 4.0, Vector3.DOWN * 20)
	if not hit.is_empty():
		_capsule.position = hit["position"]


func _make_meshes() -> void:
	var dot := SphereMesh.new()
	dot.radius = 0.09
	dot.height = 0.18
	dot.radial_segments = 6
	dot.rings = 3
	dot.material = StandardMaterial3D.new()
	dot.material.vertex_color_use_as_albedo = true
	dot.material.shading_mode = BaseMaterial3D.SHADING_MODE_UNSHADED
	_dots.multimesh = MultiMesh.new()
	_dots.multimesh.transform_format = MultiMesh.TRANSFORM_3D
	_dots.multimesh.use_colors = true
	_dots.multimesh.mesh = dot
	_dots.multimesh.instance_count = RAYS.x * RAYS.y
	_dots.multimesh.visible_instance_count = 0
	_capsule.mesh = CapsuleMesh.new()
	_capsule.mesh.radius = 1.0
	_capsule.mesh.height = 4.0
	add_child(_dots)
	add_child(_capsule)

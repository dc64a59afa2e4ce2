extends Node
## Flies its parent camera and digs. W A S D and Q E move, Shift moves faster, the mouse looks
## around, the left button digs, the right button builds, Escape releases the mouse.

const SPEED := 24.0
const REACH := 120.0
const BRUSH := 4.0

@onready var _camera: Camera3D = get_parent()
@onready var _terrain: VoxelTerrain = _camera.get_node("../Terrain")


func _ready() -> void:
	Input.mouse_mode = Input.MOUSE_MODE_CAPTURED


func _process(delta: float) -> void:
	var wish := Vector3(
			_axis(KEY_A, KEY_D), _axis(KEY_Q, KEY_E), _axis(KEY_W, KEY_S))
	var speed := SPEED * (4.0 if Input.is_key_pressed(KEY_SHIFT) else 1.0)
	_camera.position += _camera.basis * wish * speed * delta


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventMouseMotion and Input.mouse_mode == Input.MOUSE_MODE_CAPTURED:
		_camera.rotation.y -= event.relative.x * 0.003
		_camera.rotation.x = clampf(_camera.rotation.x - event.relative.y * 0.003, -1.5, 1.5)
	elif event is InputEventKey and event.pressed and event.keycode == KEY_ESCAPE:
		Input.mouse_mode = Input.MOUSE_MODE_VISIBLE
	elif event is InputEventMouseButton and event.pressed:
		Input.mouse_mode = Input.MOUSE_MODE_CAPTURED
		var hit := _terrain.raycast(_camera.position, -_camera.basis.z, REACH)
		if hit.is_empty():
			return
		if event.button_index == MOUSE_BUTTON_LEFT:
			_terrain.dig_sphere(hit["position"], BRUSH)
		elif event.button_index == MOUSE_BUTTON_RIGHT:
			_terrain.add_sphere(hit["position"], BRUSH)


static func _axis(negative: Key, positive: Key) -> float:
	return float(Input.is_key_pressed(positive)) - float(Input.is_key_pressed(negative))

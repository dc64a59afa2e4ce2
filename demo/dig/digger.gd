extends "res://addons/nebula/character/voxel_character_body_3d.gd"
## The player: walks with the keys and looks with the mouse. How it moves on the ground is all in the
## add-on's character; this script only says where to.

const MOUSE_SPEED := 0.0025
## The view follows steps and bumps this much more slowly than the feet do.
const EYE_SMOOTHING := 14.0
const EYE_LAG := 0.4

## Where to walk, as seen by the player: x to the right, z backwards. The keys set it, or a tour.
var wish := Vector3.ZERO
var jump := false
## Whether somebody is at the keys.
var has_keys := true
## Whether it stays where it is, as while the world loads.
var waits := true

@onready var eye: Camera3D = $Eye
@onready var _eye_height: float = eye.position.y


func _ready() -> void:
	super()
	# The eye has a place of its own, so that it can lag behind.
	eye.top_level = true
	stand_at(position)
	if has_keys:
		Input.mouse_mode = Input.MOUSE_MODE_CAPTURED


func _physics_process(delta: float) -> void:
	if waits:
		return
	if has_keys:
		wish = Vector3(_axis(KEY_A, KEY_D), 0.0, _axis(KEY_W, KEY_S))
		jump = Input.is_key_pressed(KEY_SPACE)
	walk(Basis(Vector3.UP, eye.rotation.y) * wish, jump, delta)
	jump = false


func _process(delta: float) -> void:
	var goal := position + Vector3.UP * _eye_height
	var height := lerpf(eye.position.y, goal.y, 1.0 - exp(-EYE_SMOOTHING * delta))
	eye.position = Vector3(goal.x, clampf(height, goal.y - EYE_LAG, goal.y + EYE_LAG), goal.z)


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventMouseMotion and Input.mouse_mode == Input.MOUSE_MODE_CAPTURED:
		turn(-event.relative.x * MOUSE_SPEED, -event.relative.y * MOUSE_SPEED)
	elif event.is_action_pressed("ui_cancel"):
		Input.mouse_mode = Input.MOUSE_MODE_VISIBLE
	elif event is InputEventMouseButton and event.pressed:
		Input.mouse_mode = Input.MOUSE_MODE_CAPTURED


## Puts its feet at a place, at rest.
func stand_at(feet: Vector3) -> void:
	position = feet
	velocity = Vector3.ZERO
	eye.position = feet + Vector3.UP * _eye_height
	reset_physics_interpolation()


func turn(left: float, up: float) -> void:
	eye.rotation.y += left
	eye.rotation.x = clampf(eye.rotation.x + up, -1.5, 1.5)


func look_to(place: Vector3) -> void:
	var way := place - eye.position
	eye.rotation = Vector3(atan2(way.y, Vector2(way.x, way.z).length()), atan2(-way.x, -way.z), 0.0)


## Where the player looks.
func forward() -> Vector3:
	return -eye.basis.z


static func _axis(negative: Key, positive: Key) -> float:
	return float(Input.is_key_pressed(positive)) - float(Input.is_key_pressed(negative))

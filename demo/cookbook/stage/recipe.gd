extends Node3D
## What every recipe has: daylight, a terrain, a camera and a line that says what to do. A recipe is a
## scene of cookbook/ that inherits stage.tscn and has a script that extends this one.
##
## Started from the menu or with F6, it is for a person, who flies and digs (player.gd), and goes to the
## menu with Escape. `./run demo --cookbook` shows all of them by itself.

const Player := preload("res://player.gd")
const Recipes := preload("res://cookbook/stage/recipes.gd")

## What a person sees and can do here, shown on the screen.
@export_multiline var help := ""

## Whether a tour shows it. Nobody is at the keys then.
var on_tour := false

@onready var terrain: VoxelTerrain = $Terrain
@onready var camera: Camera3D = $Camera


func _ready() -> void:
	say("")
	if not on_tour:
		camera.add_child(Player.new())
		await prepare()


func _input(event: InputEvent) -> void:
	if not on_tour and event.is_action_pressed(&"ui_cancel"):
		get_viewport().set_input_as_handled()
		get_tree().change_scene_to_file(Recipes.MENU)


## What is there at the start: overridden by recipes that need something in the ground or on it.
## May await.
func prepare() -> void:
	await terrain.wait_loaded()


## Does without a person what the help line says, until there is something to see. May await.
func perform() -> void:
	pass


## Shows a line below the help.
func say(line: String) -> void:
	$Screen/Help.text = help + ("\n" + line if line else "")


func ground_at(x: float, z: float) -> Vector3:
	return Vector3(x, terrain.ground_height(x, z), z)


func look_from(place: Vector3, target: Vector3) -> void:
	camera.look_at_from_position(place, target)


## Waits for physics ticks.
func ticks(count: int) -> void:
	for i in count:
		await get_tree().physics_frame

extends RefCounted
## Plays without a person: it sets what the keys and the mouse would set, and keeps an eye on the feet.

const DigGame := preload("res://dig/dig_game.gd")
const NEAR := 0.8
const BLOCKED_SECONDS := 0.4

var game: DigGame
## How deep the player ever was in the ground, in metres, and how far they walked.
var deepest := 0.0
var walked := 0.0
## How much higher the ground above was than the feet, at most, in metres.
var deepest_tunnel := 0.0


func _init(for_game: DigGame) -> void:
	game = for_game


## Walks to a place, and jumps if something is in the way. Returns whether it got there.
func walk_to(x: float, z: float, seconds: float) -> bool:
	var player := game.player
	var blocked := 0.0
	for tick in int(seconds * 60):
		var way := Vector2(x - player.position.x, z - player.position.z)
		if way.length() < NEAR:
			player.wish = Vector3.ZERO
			return true
		player.look_to(Vector3(x, player.eye.position.y - way.length() * 0.12, z))
		player.wish = Vector3.FORWARD
		var before := player.position
		await step()
		blocked = blocked + 1.0 / 60.0 if (player.position - before).length() < 0.02 else 0.0
		if blocked > BLOCKED_SECONDS:
			player.jump = true
			blocked = 0.0
	player.wish = Vector3.ZERO
	return false


## Walks where it looks with a button held down.
func work(button: MouseButton, seconds: float, speed: float) -> void:
	game.tool.press(button)
	game.player.wish = Vector3.FORWARD * speed
	for tick in int(seconds * 60):
		await step()
		var feet := game.player.position
		deepest_tunnel = maxf(deepest_tunnel, game.terrain.ground_height(feet.x, feet.z) - feet.y)
	game.player.wish = Vector3.ZERO
	game.tool.release()


func wait(seconds: float) -> void:
	for tick in int(seconds * 60):
		await step()


## One physics tick.
func step() -> void:
	var player := game.player
	var before := player.position
	await game.get_tree().physics_frame
	walked += (player.position - before).length()
	var middle := Transform3D(Basis.IDENTITY, player.position + Vector3.UP * player.height * 0.5)
	var inside := game.terrain.overlap_capsule(middle, player.radius, player.height)
	deepest = maxf(deepest, inside.get("depth", 0.0))

extends "res://cookbook/stage/recipe.gd"
## A view of eight kilometres costs about as many chunks as one of five hundred metres without levels of
## detail. What is far is a part of the same world, and can be dug.

const VIEW := 8000.0
const CRATER := Vector2(200, -2100)
const RADIUS := 400.0


func prepare() -> void:
	camera.far = VIEW * 2.0
	camera.near = 0.3
	# Little is left to see where the view ends.
	var air: Environment = $Daylight.environment.duplicate()
	air.fog_density = 0.0002
	$Daylight.environment = air
	look_from(Vector3(0, 1250, 0), Vector3(CRATER.x, 350, CRATER.y))
	await super()


func perform() -> void:
	var at := ground_at(CRATER.x, CRATER.y)
	if await terrain.dig_sphere_async(at, RADIUS) == OK:
		var statistics := terrain.get_statistics()
		say("A crater %d m wide, %.1f km away. %d chunks show all of this, with %.1f million triangles." % [
				2.0 * RADIUS, camera.position.distance_to(at) / 1000.0,
				statistics["shown"], statistics["triangles_shown"] / 1e6])

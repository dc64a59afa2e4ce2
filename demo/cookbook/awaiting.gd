extends "res://cookbook/stage/recipe.gd"
## What takes long is awaited: a script goes on when it is done, and the game goes on meanwhile. Several
## things at once are tasks, which one can look at, cancel and wait for.

const CHARGES := 5
const RADIUS := 20.0

var _busy := false


func prepare() -> void:
	await super()
	look_from(ground_at(0, 0) + Vector3(0, 46, 70), ground_at(0, 0) + Vector3.DOWN * 4)


func perform() -> void:
	await blast()


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_pressed() and not event.is_echo() and event.keycode == KEY_B and not _busy:
		blast()


func blast() -> void:
	_busy = true
	for left: int in [3, 2, 1]:
		say("%d" % left)
		await get_tree().create_timer(0.1 if on_tour else 0.6).timeout
	# All begin now, and workers make them side by side.
	var charges: Array[NebulaTask] = []
	for i in CHARGES:
		var at := ground_at((i - (CHARGES - 1) * 0.5) * 19.0, 0)
		charges.append(NebulaTask.of(terrain.dig_sphere_async(at, RADIUS)))
	var removed := 0.0
	for charge in charges:
		var result: Variant = await charge.wait()  # also if it has ended already
		if result == OK:
			removed += charge.details["removed"]
	# And a thing that is true later: here, that all of it can be seen.
	if await terrain.wait_area_ready(AABB(ground_at(0, 0) - Vector3.ONE * 40, Vector3.ONE * 80)):
		say("%d charges, %d cubic metres." % [CHARGES, removed])
	_busy = false

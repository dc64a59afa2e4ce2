# Two extensions that both contain Nebula: each has its own names, tasks and classes, neither takes
# anything from the other, and the terrain of one shows the world of the other.
# says: ^ERROR: VoxelTerrain cannot create its world: VoxelNativeGenerator\.source is empty\. Set it to a resource of the extension that makes the world$
# says: ^ERROR: VoxelTerrain cannot create its world: VoxelNativeGenerator\.source is a Curve, which is no generator of an extension: it needs the method _make_nebula_generator in C\+\+, and no script$
# says: ^ERROR: VoxelTerrain cannot create its world: VoxelNativeGenerator\.source is a ExampleMoonGenerator, which is no generator
# says: ^ERROR: ExampleMoonGenerator\.depth must be from 0 to 20$
# says: ^ERROR: NebulaTask\.of: awaited is a task of another extension; use ExampleTask\.of\.$
# says: ^ERROR: ExampleTask\.of: awaited is a task of another extension; use NebulaTask\.of\.$
# says: ^beside: passed$
extends SceneTree

const CLOSED := 3


class Scripted:
	extends ExampleMoonGenerator
	var answers_with := 4096


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	for name: String in ["NebulaTask", "NebulaTaskError", "ExampleTask", "ExampleTaskError", "ExampleRpc"]:
		check(ClassDB.class_exists(name), name + " is there")
	check(Performance.has_custom_monitor("nebula/tasks_alive"), "the add-on's monitors")
	check(ProjectSettings.has_setting("example/tasks/budget_msec"), "the extension's settings")
	check(ProjectSettings.has_setting("nebula/tasks/budget_msec"), "the add-on's settings")
	await refusals()
	var moon := ExampleMoonGenerator.new()
	moon.depth = 21.0
	check(moon.depth == 6.0, "what is refused changes nothing")
	var terrain := terrain_of(moon)
	root.add_child(terrain)
	check(await terrain.wait_loaded(), "the terrain loads")
	check(terrain.get_statistics().triangles_shown > 0, "and has ground")
	check(absf(ground(terrain, Vector3(24, 50, 24)) + 6.0) < 0.1, "the middle of a crater is deep")
	check(absf(ground(terrain, Vector3(0, 50, 0))) < 0.1, "its corner is not")
	var heights: PackedFloat32Array = terrain.generator.heights(Vector2i(24, 24), Vector2i.ONE)
	check(heights.size() == 1 and absf(heights[0] + 6.0) < 0.1, "a map has it, too: %s" % heights)
	moon.depth = 3.0
	terrain.regenerate()
	check(await terrain.wait_loaded(), "it loads again")
	check(absf(ground(terrain, Vector3(24, 50, 24)) + 3.0) < 0.1, "with other settings")

	var shower := ExampleMeteorShower.new()
	root.add_child(shower)
	shower.alarm.emit()
	await process_frame
	check(shower.alarms == 1, "a coroutine that waits for a signal goes on: %d" % shower.alarms)
	check(await shower.fall(terrain, 3) == 3, "one that a script awaits ends with its value")
	var passing := ExampleMeteorShower.new()
	root.add_child(passing)
	told_of(passing.fall(terrain, 100))
	passing.free()
	await process_frame
	check(_told == ["ExampleTaskError 2"], "one whose node is freed is cancelled: %s" % [_told])
	await tasks_of_the_other(terrain, shower)
	# What is pending now ends with the game.
	shower.fall(terrain, 1000)
	print("beside: passed")
	quit()


var _told := []


func told_of(awaited: Signal) -> void:
	var result: Variant = await awaited
	_told.append("%s %d" % [result.get_class(), result.code])


# Each has classes of its own for tasks and errors, and each knows those of the other.
func tasks_of_the_other(terrain: VoxelTerrain, shower: ExampleMeteorShower) -> void:
	var theirs := ExampleTask.of(shower.fall(terrain, 1))
	check(await Nebula.all([shower.fall(terrain, 1), theirs]) == [1, 1], "all() waits for both forms")
	var passing := ExampleMeteorShower.new()
	root.add_child(passing)
	var failing := ExampleTask.of(passing.fall(terrain, 50))
	passing.free()
	var got: Variant = await Nebula.all([failing])
	check(got is NebulaTaskError and got.code == NebulaTaskError.CANCELLED, "its error is one here: %s" % got)
	check(NebulaTask.of(await failing.wait()).cancelled, "also if it is passed on")
	for refused: RefCounted in [
			NebulaTask.of(theirs), NebulaTask.of(shower.fall(terrain, 0)), ExampleTask.of(Nebula.run(Time.get_ticks_msec))]:
		check(refused.failed, "no task of its own")
	# The terrain goes first: while it loads, and between two craters.
	for after: int in [1, 5]:
		var doomed := terrain_of(ExampleMoonGenerator.new())
		doomed.view_distance = 512.0 if after == 1 else 16.0
		root.add_child(doomed)
		var falling := ExampleTask.of(shower.fall(doomed, 100))
		if after == 5:
			await shower.struck
		for frame in after:
			await process_frame
		doomed.free()
		got = await falling.wait()
		check(got is int and (got > 0) == (after == 5), "the shower ends well: %s" % got)


func refusals() -> void:
	for source: Resource in [null, Curve.new(), Scripted.new()]:
		var terrain := terrain_of(source)
		root.add_child(terrain)
		await process_frame
		check(not terrain.is_loaded(), "no world")
		terrain.free()


func terrain_of(source: Resource) -> VoxelTerrain:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelNativeGenerator.new()
	terrain.generator.source = source
	terrain.view_distance = 64.0
	return terrain


func ground(terrain: VoxelTerrain, above: Vector3) -> float:
	var hit := terrain.raycast(above, Vector3.DOWN, 100.0)
	return hit.position.y if hit else NAN


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: does not hold: ", claim)

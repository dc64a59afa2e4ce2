# When tasks go on within a frame, and the clocks they sleep by. Each entry of a log is
# [physics ticks, process frames, inside a physics tick].
extends "res://task_suite.gd"

var probe := NebulaPhaseProbe.new()


# Tells of the node's own turn of a physics tick or a frame.
class Turn:
	extends Node
	var told: Array
	var ticks := 0

	func _physics_process(_delta: float) -> void:
		ticks += 1
		told.append("physics process")

	func _process(_delta: float) -> void:
		told.append("process")


func done(task: int) -> Array:
	while probe.is_pending(task):
		await tree.process_frame
	return probe.log_of(task)


func test_n_physics_waits_take_exactly_n_ticks_and_resume_inside_them() -> void:
	await tree.physics_frame
	var start := Engine.get_physics_frames()
	var log: Array = await done(probe.physics_one_by_one(5))
	for i in 5:
		check_equal(log[i][0], start + i + 1, "tick of wait %d" % i)
		check(log[i][2], "inside the tick")


func test_physics_frames_of_n_is_the_same_as_n_waits() -> void:
	await tree.physics_frame
	var start := Engine.get_physics_frames()
	var log: Array = await done(probe.physics_at_once(5))
	check_equal(log[0][0], start + 5)
	check(log[0][2], "inside the tick")


func test_frames_of_n_takes_exactly_n_frames() -> void:
	await tree.process_frame
	var start := Engine.get_process_frames()
	var log: Array = await done(probe.frames_at_once(5))
	check_equal(log[0][1], start + 5)


func test_a_tick_comes_before_physics_process_and_the_frames_end_after_process() -> void:
	var told := []
	var turn := Turn.new()
	turn.told = told
	tree.root.add_child(turn)
	await frames(2)
	told.clear()
	probe.tick(func() -> void: told.append("tick"))
	while not "tick" in told or told[-1] != "process":
		await tree.create_timer(0).timeout
	check_equal(told[told.find("tick") + 1], "physics process", "what follows the tick: %s" % [told])
	await tree.process_frame
	told.clear()
	probe.frame_end(func() -> void: told.append("end"))
	await tree.process_frame
	check_equal(told.find("end"), told.find("process") + 1, "what precedes the end: %s" % [told])
	turn.free()


func test_phases_go_on_in_a_paused_tree_and_the_pausable_clock_stands_still() -> void:
	tree.paused = true
	await tree.process_frame
	var ticks := probe.physics_at_once(2)
	var at_once := probe.frames_at_once(2)
	var game := probe.sleep(0.05, NebulaPhaseProbe.GAME)
	var pausable := probe.sleep(0.05, NebulaPhaseProbe.PAUSABLE)
	await frames(8)
	check(not probe.is_pending(ticks), "ticks")
	check(not probe.is_pending(at_once), "frames")
	check(not probe.is_pending(game), "the game's clock")
	check(probe.is_pending(pausable), "the pausable clock")
	tree.paused = false
	await frames(8)
	check(not probe.is_pending(pausable), "the pausable clock, after the pause")


func test_a_time_scale_of_zero_stops_the_games_clock_and_not_the_walls() -> void:
	Engine.time_scale = 0.0
	await tree.process_frame
	var game := probe.sleep(0.01, NebulaPhaseProbe.GAME)
	var real := probe.sleep(0.01, NebulaPhaseProbe.REAL)
	var at_once := probe.frames_at_once(2)
	await done(at_once)
	await done(real)
	check(probe.is_pending(game), "the game's clock")
	Engine.time_scale = 1.0
	check_equal(await done(game), ["slept"])


func test_a_sleep_by_the_physics_clock_counts_ticks() -> void:
	await tree.physics_frame
	var start := Engine.get_physics_frames()
	var task := probe.sleep(3.5 / Engine.physics_ticks_per_second, NebulaPhaseProbe.PHYSICS)
	while probe.is_pending(task):
		await tree.physics_frame
	var ticks := Engine.get_physics_frames() - start
	check(ticks == 4 or ticks == 5, "three and a half ticks end with the fourth: %d" % ticks)

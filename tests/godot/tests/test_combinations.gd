# Signals in when_any, when_all and timeout, and where a task goes on: phases, workers, other threads.
extends "res://task_suite.gd"


var probe := NebulaCombinationProbe.new()
var _opens: Emitter


func answer_when_opened() -> int:
	await _opens.opened
	return 42


# --- Several at once ---


func test_the_losers_connection_is_gone_before_the_winners_code_runs() -> void:
	var locals := probe.locals_alive()
	var a := Emitter.new()
	var b := Emitter.new()
	var task := probe.first_of(a.hit, b.hit)
	check_equal([connections(a), connections(b)], [1, 1], "connections while it waits")
	b.hit.emit(1)
	await settle()
	check_equal(probe.log_of(task), [1, 0])
	check_equal([connections(a), connections(b)], [0, 0], "connections afterwards")
	check_equal(probe.locals_alive(), locals, "locals")


func test_of_two_signals_in_one_frame_the_first_in_line_wins() -> void:
	var a := Emitter.new()
	var b := Emitter.new()
	var task := probe.first_of(a.hit, b.hit)
	a.hit.emit(1)
	b.hit.emit(2)
	await settle()
	check_equal(probe.log_of(task), [0, 0])


func test_an_emitter_that_dies_ends_the_whole_and_leaves_nothing_of_the_sibling() -> void:
	var locals := probe.locals_alive()
	var callables := probe.callables_alive()
	var a := Emitter.new()
	var b := Emitter.new()
	var task := probe.all_of(a.hit, b.hit)
	b = null
	await settle()
	check_equal(
		probe.log_of(task),
		["error: the object waited for was freed: signal 'hit' of a RefCounted"]
	)
	check_equal(connections(a), 0, "connections of the sibling")
	check_equal(probe.locals_alive(), locals, "locals")
	check_equal(probe.callables_alive(), callables, "callables")


func test_all_of_two_signals_are_waited_for() -> void:
	var a := Emitter.new()
	var b := Emitter.new()
	var task := probe.all_of(a.hit, b.hit)
	a.hit.emit(1)
	await settle()
	check_equal(probe.log_of(task), [])
	b.hit.emit(2)
	await settle()
	check_equal(probe.log_of(task), [[1, 2]])


func test_a_time_limit_ends_a_wait_and_its_connection() -> void:
	var emitter := Emitter.new()
	var late := probe.limited(emitter.hit, 0.05)
	check_equal(connections(emitter), 1, "connections while it waits")
	while probe.is_pending(late):
		await tree.process_frame
	check_equal(probe.log_of(late), ["error: the time ran out", 0])
	var soon := probe.limited(emitter.hit, 1000.0)
	emitter.hit.emit(4)
	await settle()
	check_equal(probe.log_of(soon), [4, 0])
	check_equal(connections(emitter), 0)


# A script's coroutine that may never return, which is what a time limit is for.
class Shop:
	extends Node
	signal bell

	func price() -> int:
		await bell
		return 3


func test_a_script_a_tween_an_animation_and_a_load_stand_in_combinations() -> void:
	var locals := probe.locals_alive()
	var callables := probe.callables_alive()
	var shop := Shop.new()
	var late := probe.call_in_time(shop, "price", 0.05)
	var soon := probe.call_in_time(shop, "price", 1000.0)
	await until_ended(late)
	check_equal(probe.log_of(late), ["error: the time ran out"])
	shop.bell.emit()
	await settle()
	check_equal(probe.log_of(soon), [3])
	var of_dead := probe.call_in_time(shop, "price", 1000.0)
	shop.free()
	await settle()
	check_equal(probe.log_of(of_dead), ["error: the object waited for was freed"])

	var tweens := []
	for seconds: float in [0.02, 1000.0]:
		var tween := tree.create_tween()
		tween.tween_interval(seconds)
		tweens.append(probe.tween_in_time(tween, 0.1))
	var killed := tree.create_tween()
	killed.tween_interval(1000.0)
	tweens.append(probe.tween_in_time(killed, 1000.0))
	killed.kill()
	for task: int in tweens:
		await until_ended(task)
	check_equal(
		tweens.map(func(task: int) -> Variant: return probe.log_of(task)[0]),
		["finished", "error: the time ran out", "error: the awaited operation was stopped"]
	)

	var emitter := Emitter.new()
	var player := AnimationPlayer.new()
	var library := AnimationLibrary.new()
	library.add_animation("walk", Animation.new())
	library.get_animation("walk").length = 0.05
	player.add_animation_library("", library)
	tree.root.add_child(player)
	player.play("walk")
	var walked := probe.animation_or(player, emitter.hit)
	await until_ended(walked)
	player.play("walk")
	var hit := probe.animation_or(player, emitter.hit)
	emitter.hit.emit(1)
	await settle()
	check_equal([probe.log_of(walked), probe.log_of(hit)], [[0], [1]])
	player.free()

	var loaded := probe.load_or("res://data/small_scene.tscn", emitter.hit)
	await until_ended(loaded)
	var dropped := probe.load_or("res://data/small_scene.tscn", emitter.hit)
	emitter.hit.emit(1)
	await settle()
	check_equal([probe.log_of(loaded), probe.log_of(dropped)], [[0], [1]])
	check_equal(connections(emitter), 0)
	check_equal(probe.locals_alive(), locals, "locals")
	check_equal(probe.callables_alive(), callables, "callables")
	await frames(10)  # what was dropped is taken in the background


func until_ended(task: int) -> void:
	while probe.is_pending(task):
		await tree.process_frame


func test_who_awaits_a_task_whose_owner_dies_hears_that_it_was_cancelled() -> void:
	var emitter := Emitter.new()
	var owner := Node.new()
	var outer := probe.await_owned(owner, emitter.hit)
	owner.free()
	await settle()
	check_equal(probe.log_of(outer), ["error: the task was cancelled: task"])
	check_equal(connections(emitter), 0)


func test_a_wait_with_a_name_that_lost_may_be_awaited_again() -> void:
	var emitter := Emitter.new()
	var of_signal := probe.lose_signal(emitter.hit)
	_opens = emitter
	var of_call := probe.lose_call(self, "answer_when_opened")
	var of_stream := probe.lose_next(emitter.hit)
	await frames(4)
	emitter.hit.emit(3)
	emitter.opened.emit()
	await settle()
	check_equal(probe.log_of(of_signal), [1, 3])
	check_equal(probe.log_of(of_call), [1, 42])
	check_equal(probe.log_of(of_stream), [1, 3])


func test_what_came_for_a_wait_with_a_name_while_it_lost_is_there_when_it_is_awaited_again() -> void:
	var emitter := Emitter.new()
	for i in 20:
		var task := probe.lose_signal(emitter.hit)
		await tree.process_frame
		emit_elsewhere(emitter.hit, [i])
		await frames(3)
		check_equal(probe.log_of(task).back(), i)


# --- Where it goes on ---


func test_a_signal_may_be_waited_for_and_gone_on_from_in_a_phase_of_choice() -> void:
	var emitter := Emitter.new()
	await tree.process_frame
	var tick := probe.in_phase(emitter.hit, NebulaCombinationProbe.PHYSICS)
	var frame := probe.in_phase(emitter.hit, NebulaCombinationProbe.PROCESS)
	var end := probe.in_phase(emitter.hit, NebulaCombinationProbe.FRAME_END)
	emitter.hit.emit(1)
	await tree.create_timer(0).timeout  # behind the flush in which a plain wait goes on
	check_equal([probe.log_of(tick), probe.log_of(frame), probe.log_of(end)], [[], [], []])
	await tree.process_frame  # the end of the last frame is over; this one has begun
	check_equal(probe.log_of(end), [1, false])
	await frames(2)
	check_equal(probe.log_of(frame), [1, false])
	check_equal(probe.log_of(tick), [1, true], "inside a tick")


func test_a_wait_of_the_engines_on_a_worker_is_refused_and_the_task_comes_home() -> void:
	var node := Node.new()
	node.add_user_signal("hit")
	tree.root.add_child(node)
	var task := probe.await_on_worker(Signal(node, "hit"))
	while probe.is_pending(task):
		await tree.process_frame
	var log := probe.log_of(task)
	check_equal([log[0], log[2]], ["worker", "main"])
	check("error: called on the wrong thread" in log[1], log[1])
	check_equal(connections(node), 0)
	node.free()


func test_a_task_may_be_spawned_from_any_thread_and_runs_on_the_main_thread() -> void:
	var thread := Thread.new()
	thread.start(func() -> int: return probe.spawn_from_any_thread())
	var task: int = thread.wait_to_finish()
	check_equal(probe.log_of(task), [], "before the pump")
	await settle()
	await settle()
	check_equal(probe.log_of(task), ["main", "main"])
	check(not probe.left_main_thread(task), "on the main thread")


# --- Many ---


func test_however_many_tasks_wait_for_a_frame_there_is_one_connection_and_no_allocation() -> void:
	var before := tree.process_frame.get_connections().size()
	probe.count_frames(10000)
	check_equal(tree.process_frame.get_connections().size(), before, "connections of process_frame")
	await frames(3)  # fills the pools
	var counted := probe.counted()
	var allocations := probe.allocations()
	await frames(5)
	check_equal(probe.allocations() - allocations, 0, "allocations in five frames")
	check_equal(probe.counted() - counted, 50000, "turns in five frames")
	probe.stop_counting()


# --- The engine's ways out ---


func test_an_emitter_destroyed_in_its_own_emission_gives_its_value_once() -> void:
	var object := Object.new()
	object.add_user_signal("hit")
	var hit := Signal(object, "hit")
	var before := probe.limited(hit, 1000.0)
	hit.connect(func(_damage: int) -> void: probe.destroy(object))
	expect_error("was freed or unreferenced while a signal is being emitted from it")
	hit.emit(4)
	check(not is_instance_valid(object), "the emitter is gone")
	await settle()
	check_equal(probe.log_of(before)[0], 4)

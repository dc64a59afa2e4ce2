# Tasks that belong to an object (spawn_on), and the death watch that ends them.
extends "res://task_suite.gd"


var probe := NebulaAsyncProbe.new()


func test_an_owned_task_runs_as_any_other_while_its_owner_lives() -> void:
	var owner := Node.new()
	var emitter := Emitter.new()
	var task := probe.own(owner, emitter.fired)
	check_equal(probe.log_of(task), ["began"])
	emitter.fired.emit()
	await settle()
	check_equal(probe.log_of(task), ["began", "resumed"])
	check_equal(connections(owner), 0, "connections after the end")
	owner.free()


func test_no_code_of_an_owned_task_runs_once_its_owner_is_freed() -> void:
	var emitter := Emitter.new()
	var owner := Node.new()
	var locals := probe.locals_alive()
	var task := probe.own(owner, emitter.fired)
	var nested := probe.own_nested(owner, emitter.fired)
	owner.free()
	emitter.fired.emit()
	await settle()
	check_equal(probe.log_of(task), ["began"])
	check_equal(probe.log_of(nested), ["began"])
	check(probe.was_cancelled(task) and probe.was_cancelled(nested), "cancelled")
	check_equal(probe.locals_alive(), locals, "locals")
	check_equal(connections(emitter), 0, "connections of the signal it waited for")


func test_a_task_that_was_woken_before_its_owner_died_does_not_resume() -> void:
	var emitter := Emitter.new()
	var owner := Node.new()
	var task := probe.own(owner, emitter.fired)
	emitter.fired.emit()
	owner.free()
	await settle()
	check_equal(probe.log_of(task), ["began"])
	check(probe.was_cancelled(task), "cancelled")


func test_a_task_whose_owner_dies_in_the_same_pump_before_its_turn_does_not_resume() -> void:
	var emitter := Emitter.new()
	var owner := Node.new()
	var killer := probe.free_after(emitter.fired, owner)
	var task := probe.own(owner, emitter.fired)
	emitter.fired.emit()
	await settle()
	check_equal(probe.log_of(killer), ["freed"])
	check_equal(probe.log_of(task), ["began"])
	check(probe.was_cancelled(task), "cancelled")


func test_a_node_queued_for_deletion_takes_its_tasks_with_it() -> void:
	var owner := Node.new()
	tree.root.add_child(owner)
	var task := probe.own_frames(owner)
	await settle()
	var before := probe.log_of(task).size()
	check(before > 0, "it ran before")
	owner.queue_free()
	await tree.process_frame
	var after := probe.log_of(task).size()
	await settle()
	check_equal(probe.log_of(task).size(), after, "frames after the deletion")
	check(probe.was_cancelled(task), "cancelled")


func test_a_counted_owner_dropped_on_another_thread_cancels_on_the_main_thread() -> void:
	var emitter := Emitter.new()
	var holder := [RefCounted.new()]
	var locals := probe.locals_alive()
	var task: int = probe.own(holder[0], emitter.fired)
	var thread := Thread.new()
	thread.start(func() -> void: holder.clear())
	thread.wait_to_finish()
	check(probe.is_pending(task), "before the pump")
	await settle()
	check(probe.was_cancelled(task), "cancelled")
	check_equal(probe.locals_alive(), locals, "locals")
	check_equal(probe.destroyed_elsewhere(), 0, "locals destroyed off the main thread")


func test_an_owner_is_not_kept_by_its_tasks() -> void:
	var emitter := Emitter.new()
	var owner := RefCounted.new()
	var watched: WeakRef = weakref(owner)
	probe.own(owner, emitter.fired)
	owner = null
	check(watched.get_ref() == null, "the owner is gone at once")
	await settle()


func test_an_owner_that_is_gone_already_refuses() -> void:
	var emitter := Emitter.new()
	var owner := Node.new()
	var id := owner.get_instance_id()
	owner.free()
	var locals := probe.locals_alive()
	for gone: int in [id, 0]:
		var task := probe.own_by_id(gone, emitter.fired)
		check_equal(probe.log_of(task), [])
		check(probe.was_cancelled(task), "cancelled")
	check_equal(probe.locals_alive(), locals, "locals")
	await settle()


func test_until_tree_exiting_ends_with_the_tree_though_the_owner_lives() -> void:
	var emitter := Emitter.new()
	var owner := Node.new()
	tree.root.add_child(owner)
	var task := probe.own_until_exit(owner, emitter.fired)
	var stays := probe.own(owner, emitter.fired)
	tree.root.remove_child(owner)
	emitter.fired.emit()
	await settle()
	check_equal(probe.log_of(task), ["began"])
	check(probe.was_cancelled(task), "cancelled")
	check_equal(probe.log_of(stays), ["began", "resumed"])
	check_equal(connections(owner), 0, "connections")
	owner.free()


func test_until_tree_exiting_also_ends_with_an_owner_that_never_was_in_the_tree() -> void:
	var emitter := Emitter.new()
	var owner := Node.new()
	var task := probe.own_until_exit(owner, emitter.fired)
	owner.free()
	await settle()
	check(probe.was_cancelled(task), "cancelled")


func test_a_scene_change_ends_the_tasks_of_the_old_scene_and_no_other() -> void:
	var emitter := Emitter.new()
	var old := Node.new()
	var child := Node.new()
	old.add_child(child)
	tree.root.add_child(old)
	tree.current_scene = old
	var of_scene := probe.own(child, emitter.fired)
	var of_nobody := probe.own(tree, emitter.fired)
	var sees_the_new := probe.own(tree, tree.scene_changed)
	var packed := PackedScene.new()
	var fresh := Node.new()
	packed.pack(fresh)
	fresh.free()
	tree.change_scene_to_packed(packed)
	await settle()
	emitter.fired.emit()
	await settle()
	check(probe.was_cancelled(of_scene), "cancelled with the old scene")
	check_equal(probe.log_of(of_nobody), ["began", "resumed"])
	check_equal(probe.log_of(sees_the_new), ["began", "resumed"])
	check(is_instance_valid(tree.current_scene), "the new scene")
	tree.current_scene.free()


func test_many_owned_tasks_of_one_owner_end_together_and_leave_nothing() -> void:
	var emitter := Emitter.new()
	var callables := probe.callables_alive()
	var locals := probe.locals_alive()
	var owner := Node.new()
	var tasks := []
	for i in 500:
		tasks.append(probe.own(owner, emitter.fired))
	for i in 100:
		probe.cancel(tasks[i])
	check_equal(connections(owner), 400, "connections")
	owner.free()
	await settle()
	for task: int in tasks:
		check(probe.was_cancelled(task), "cancelled")
	check_equal(probe.locals_alive(), locals, "locals")
	check_equal(probe.callables_alive(), callables, "callables")


# The main thread ends the task of an owner while another thread drops the last reference to it. It
# looked the owner up and counted it while its memory went.
func test_a_task_that_is_cancelled_while_its_owner_dies_elsewhere_touches_no_freed_owner() -> void:
	var emitter := Emitter.new()
	var mutex := Mutex.new()
	var doomed := []
	var over := [false]
	var thread := thread_that_drops(doomed, mutex, over)
	for i in 5000:
		var owner: Variant = RefCounted.new()
		var task := probe.own(owner, emitter.fired)
		mutex.lock()
		doomed.append(owner)
		mutex.unlock()
		owner = null
		probe.cancel(task)
	mutex.lock()
	over[0] = true
	mutex.unlock()
	thread.wait_to_finish()
	await settle()
	check_equal(connections(emitter), 0, "connections")
	check_equal(probe.destroyed_elsewhere(), 0, "locals destroyed off the main thread")


# Owners die on four threads while the main thread spawns, cancels and emits.
func test_owners_that_die_anywhere_under_stress_leave_nothing_behind() -> void:
	var callables := probe.callables_alive()
	var locals := probe.locals_alive()
	var emitter := Emitter.new()
	var random := RandomNumberGenerator.new()
	random.seed = 7
	var mutex := Mutex.new()
	var doomed := []
	var stop := [false]
	var threads: Array[Thread] = []
	for i in 4:
		threads.append(thread_that_drops(doomed, mutex, stop))
	var tasks := []
	for round in 60:
		for i in 50:
			var owner: Variant = RefCounted.new()
			tasks.append(probe.own(owner, emitter.fired))
			mutex.lock()
			doomed.append(owner)
			mutex.unlock()
			owner = null
			if random.randf() < 0.3:
				probe.cancel(tasks[random.randi() % tasks.size()])
		if random.randf() < 0.5:
			emitter.fired.emit()
		await tree.process_frame
	mutex.lock()
	stop[0] = true
	mutex.unlock()
	for thread in threads:
		thread.wait_to_finish()
	doomed.clear()
	await settle()
	for task: int in tasks:
		check(not probe.is_pending(task), "ended")
	check_equal(probe.locals_alive(), locals, "locals")
	check_equal(probe.callables_alive(), callables, "callables")
	check_equal(probe.destroyed_elsewhere(), 0, "locals destroyed off the main thread")
	check_equal(connections(emitter), 0, "connections")


# A thread that drops the last reference to whatever is in `doomed`, until over[0] and nothing is left.
# Both lists are under the mutex.
func thread_that_drops(doomed: Array, mutex: Mutex, over: Array) -> Thread:
	var thread := Thread.new()
	thread.start(
		func() -> void:
			while true:
				mutex.lock()
				var victim: Variant = doomed.pop_back()
				var done: bool = over[0]
				mutex.unlock()
				if victim == null and done:
					return
				victim = null
	)
	return thread

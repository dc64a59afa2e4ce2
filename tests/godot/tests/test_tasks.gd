# C++ coroutines that wait for signals of the engine. The probe starts them, the test emits, and
# what they wrote down says when and with what they resumed.
extends "res://task_suite.gd"


var probe := NebulaTaskProbe.new()


# --- What a wait gives ---


func test_a_task_runs_up_to_its_first_wait_inside_spawn() -> void:
	var emitter := Emitter.new()
	probe.wait_none(emitter.opened)
	check_equal(connections(emitter), 1, "connections right after the spawn")


func test_signals_of_none_one_and_two_arguments_give_void_a_value_and_a_tuple() -> void:
	var emitter := Emitter.new()
	var tasks := [
		probe.wait_none(emitter.opened), probe.wait_int(emitter.hit),
		probe.wait_int_string(emitter.picked)
	]
	emitter.opened.emit()
	emitter.hit.emit(7)
	emitter.picked.emit(3, "lamp")
	await settle()
	check_equal(probe.log_of(tasks[0]), ["done"])
	check_equal(probe.log_of(tasks[1]), [7])
	check_equal(probe.log_of(tasks[2]), [[3, "lamp"]])


func test_the_untyped_form_gives_null_the_value_or_an_array_as_gdscript_does() -> void:
	var emitter := Emitter.new()
	var tasks := [
		probe.wait_untyped(emitter.opened), probe.wait_untyped(emitter.hit),
		probe.wait_untyped(emitter.picked)
	]
	emitter.opened.emit()
	emitter.hit.emit(7)
	emitter.picked.emit(3, "lamp")
	await settle()
	check_equal(probe.log_of(tasks[0]), [null])
	check_equal(probe.log_of(tasks[1]), [7])
	check_equal(probe.log_of(tasks[2]), [[3, "lamp"]])


func test_an_int_comes_out_of_a_float_as_in_a_call_from_a_script() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.found)
	emitter.found.emit(4.0)
	await settle()
	check_equal(probe.log_of(task), [4])


func test_other_types_or_counts_than_asked_for_are_an_error_that_names_both() -> void:
	var emitter := Emitter.new()
	var typed := probe.wait_int(emitter.found)
	var counted := probe.wait_int(emitter.picked)
	var none := probe.wait_none(emitter.hit)
	var narrow := probe.wait_int8(emitter.hit)
	emitter.found.emit("seven")
	emitter.picked.emit(3, "lamp")
	emitter.hit.emit(300)
	await settle()
	var mismatch := "error: the signal was emitted with different arguments: signal '%s' of a RefCounted was emitted with (%s) instead of (%s)"
	check_equal(probe.log_of(typed), [mismatch % ["found", "String", "int32"]])
	check_equal(probe.log_of(counted), [mismatch % ["picked", "int, String", "int32"]])
	check_equal(probe.log_of(none), [mismatch % ["hit", "int", ""]])
	check_equal(probe.log_of(narrow), [mismatch % ["hit", "int", "int8"]])
	var again := probe.wait_int(emitter.found)
	emitter.found.emit(1)
	await settle()
	check_equal(probe.log_of(again), [1], "a later wait for the same signal")


func test_a_signal_emitted_with_other_arguments_than_declared_gives_what_came() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_untyped(emitter.loose)
	emitter.emit_signal("loose", 1, 2)
	await settle()
	check_equal(probe.log_of(task), [[1, 2]])


func test_an_object_that_died_between_emission_and_resume_is_null() -> void:
	var emitter := Emitter.new()
	var object := Object.new()
	var task := probe.wait_object(emitter.found)
	emitter.found.emit(object)
	object.free()
	await settle()
	check_equal(probe.log_of(task).size(), 1)
	check(probe.log_of(task)[0] == null, "null")


func test_a_counted_argument_is_kept_until_the_task_has_it() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_counted(emitter.found)
	var watched: WeakRef
	if true:
		var item := RefCounted.new()
		watched = weakref(item)
		emitter.found.emit(item)
	await settle()
	check(watched.get_ref() != null, "the argument lives")
	check_equal(probe.log_of(task), [watched.get_ref()])


# --- When it resumes ---


func test_an_emission_between_making_a_wait_and_awaiting_it_is_kept() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_after_calling(emitter.hit, func() -> void: emitter.hit.emit(5))
	await settle()
	check_equal(probe.log_of(task), ["called", 5])


func test_a_task_never_resumes_inside_the_emission() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	emitter.hit.emit(1)
	check_equal(probe.log_of(task), [], "inside the emission")
	await settle()
	check_equal(probe.log_of(task), [1])


func test_what_a_script_emits_in_process_resumes_before_that_frame_is_over() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	await tree.process_frame
	emitter.hit.emit(1)
	await tree.create_timer(0).timeout  # still this frame: after the flush that follows _process
	check_equal(probe.log_of(task), [1])


func test_of_two_emissions_before_the_resume_the_first_counts_and_resumes_once() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	emitter.hit.emit(1)
	emitter.hit.emit(2)
	await settle()
	check_equal(probe.log_of(task), [1])


func test_a_wait_made_while_resuming_is_not_ended_by_the_same_emission() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_again_and_again(emitter.hit, 2)
	emitter.hit.emit(1)
	await settle()
	check_equal(probe.log_of(task), [1])
	emitter.hit.emit(2)
	await settle()
	check_equal(probe.log_of(task), [1, 2])
	check(not probe.is_pending(task), "the task has ended")


func test_a_blocked_signal_resumes_only_once_it_is_unblocked_and_emitted() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	emitter.set_block_signals(true)
	emitter.hit.emit(1)
	await settle()
	check_equal(probe.log_of(task), [])
	emitter.set_block_signals(false)
	emitter.hit.emit(2)
	await settle()
	check_equal(probe.log_of(task), [2])


func test_next_frame_resumes_once_in_each_frame() -> void:
	var task := probe.wait_frames(3)
	await frames(5)
	var resumed := probe.log_of(task)
	check_equal(resumed.size(), 3)
	check_equal([resumed[1] - resumed[0], resumed[2] - resumed[1]], [1, 1], "frames between")


func test_a_sleep_lasts_as_long_in_game_time_as_it_says() -> void:
	var task := probe.sleep(0.1)  # six frames of a sixtieth
	await frames(5)
	check(probe.is_pending(task), "still asleep after five frames")
	await frames(4)
	check_equal(probe.log_of(task), ["slept"])


# --- The emitter's end ---


func test_a_freed_emitter_ends_the_wait_with_an_error() -> void:
	var emitter := Emitter.new()
	var plain := probe.wait_int(emitter.hit)
	var careful := probe.wait_fallible(emitter.hit)
	emitter = null
	await settle()
	check_equal(
		probe.log_of(plain),
		["error: the object waited for was freed: signal 'hit' of a RefCounted"]
	)
	check_equal(probe.log_of(careful), ["error: the object waited for was freed"])


func test_a_freed_node_ends_the_wait_with_an_error() -> void:
	var node := Node.new()
	tree.root.add_child(node)
	var task := probe.wait_none(node.renamed)
	node.queue_free()
	await settle()
	check_equal(
		probe.log_of(task), ["error: the object waited for was freed: signal 'renamed' of a Node"]
	)


# Awaits as scripts do in their last words.
class Leaver:
	extends Node
	var probe: NebulaTaskProbe
	var tasks := []

	func _exit_tree() -> void:
		tasks.append(probe.wait_none(tree_exited))
		tasks.append(probe.wait_none(get_tree().process_frame))


func test_a_wait_begun_in_exit_tree_resumes_with_tree_exited_and_with_the_next_frame() -> void:
	var node := Leaver.new()
	node.probe = probe
	tree.root.add_child(node)
	var tasks := node.tasks
	node.queue_free()
	await settle()
	check_equal(tasks.size(), 2, "tasks")
	check_equal([probe.log_of(tasks[0]), probe.log_of(tasks[1])], [["done"], ["done"]])


func test_the_fallible_form_gives_the_value_when_there_is_one() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_fallible(emitter.hit)
	emitter.hit.emit(9)
	await settle()
	check_equal(probe.log_of(task), [9])


func test_an_emitter_freed_by_a_handler_of_the_same_emission_gives_its_value_once() -> void:
	var holder := [Emitter.new()]
	var task: int = probe.wait_int(holder[0].hit)
	holder[0].hit.connect(func(_damage: int) -> void: holder.clear())
	holder[0].hit.emit(4)
	await settle()
	check_equal(probe.log_of(task), [4])
	check_equal(holder, [])


func test_a_task_may_destroy_the_emitter_it_just_waited_for() -> void:
	var node := Node.new()
	var task := probe.wait_and_destroy(node.renamed)
	node.renamed.emit()
	await settle()
	check_equal(probe.log_of(task), ["destroyed"])
	check(not is_instance_valid(node), "the node is gone")


func test_a_freed_object_and_an_unknown_signal_are_errors_at_once_and_not_the_engines() -> void:
	var object := Object.new()
	var dead := Signal(object, "script_changed")
	object.free()
	var emitter := Emitter.new()
	var of_dead := probe.wait_none(dead)
	var unknown := probe.wait_named(emitter, "no_such_signal")
	var of_null := probe.wait_named(null, "opened")
	var gone := "error: the object waited for was freed: signal '%s' of a freed object"
	check_equal(probe.log_of(of_dead), [gone % "script_changed"])
	check_equal(
		probe.log_of(unknown),
		["error: the object has no such signal: signal 'no_such_signal' of a RefCounted"]
	)
	check_equal(
		probe.log_of(of_null), ["error: there is no object to wait for: signal 'opened' of null"]
	)


# --- The wait's end ---


func test_a_cancelled_task_leaves_no_connection() -> void:
	var emitter := Emitter.new()
	var callables := probe.callables_alive()
	for i in 100:
		var task := probe.wait_int(emitter.hit)
		probe.cancel(task)
		check_equal(probe.is_pending(task), false)
	check_equal(connections(emitter), 0)
	check_equal(probe.callables_alive(), callables, "callables")


func test_a_wait_that_nobody_awaits_leaves_no_connection() -> void:
	var emitter := Emitter.new()
	check_equal(probe.make_and_drop(emitter.hit), 1, "meanwhile")
	check_equal(connections(emitter), 0)


func test_an_ended_wait_leaves_no_connection_and_no_callable() -> void:
	var emitter := Emitter.new()
	var callables := probe.callables_alive()
	probe.wait_int(emitter.hit)
	emitter.hit.emit(1)
	await settle()
	check_equal(connections(emitter), 0)
	check_equal(probe.callables_alive(), callables)


func test_a_dropped_emitter_is_not_kept_by_its_waits() -> void:
	var emitter := Emitter.new()
	var watched: WeakRef = weakref(emitter)
	var task := probe.wait_int(emitter.hit)
	emitter = null
	check(watched.get_ref() == null, "the emitter is gone at once")
	probe.cancel(task)


func test_a_task_cancelled_by_an_earlier_slot_of_the_same_emission_does_not_resume() -> void:
	var emitter := Emitter.new()
	var tasks := []
	emitter.hit.connect(func(_damage: int) -> void: probe.cancel(tasks[0]))
	tasks.append(probe.wait_int(emitter.hit))
	emitter.hit.emit(1)
	await settle()
	check_equal(probe.log_of(tasks[0]), [])
	check(probe.was_cancelled(tasks[0]), "cancelled")


func test_a_task_cancelled_after_the_emission_and_before_its_turn_does_not_resume() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	emitter.hit.emit(1)
	probe.cancel(task)
	await settle()
	check_equal(probe.log_of(task), [])


func test_a_task_that_cancels_itself_ends_at_its_next_wait() -> void:
	var emitter := Emitter.new()
	var task := probe.cancel_itself(emitter.opened)
	emitter.opened.emit()
	await settle()
	check_equal(probe.log_of(task), ["went on"])
	check(probe.was_cancelled(task), "cancelled")


func test_destructors_of_a_cancelled_task_may_cancel_and_spawn_others() -> void:
	var emitter := Emitter.new()
	var victim := probe.wait_int(emitter.hit)
	var task := probe.wait_with_mischief(emitter.opened, victim)
	probe.cancel(task)
	check(probe.was_cancelled(victim), "the other task is cancelled")
	check_equal(connections(emitter), 1, "connections: of the task the destructor spawned")
	emitter.opened.emit()
	await settle()
	check_equal(connections(emitter), 0)


func test_every_local_of_every_ended_task_is_destroyed() -> void:
	var before := probe.locals_alive()
	var emitter := Emitter.new()
	for i in 10:
		probe.wait_int(emitter.hit)
		probe.cancel(probe.wait_int(emitter.hit))
		probe.wait_fallible(emitter.hit)
	emitter.hit.emit(1)
	for i in 10:
		probe.wait_fallible(emitter.hit)
	emitter = null
	await settle()
	check_equal(probe.locals_alive(), before)


func test_a_copy_of_our_callable_that_a_script_keeps_does_nothing_after_the_wait() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	var copy: Callable = emitter.get_signal_connection_list("hit")[0].callable
	check_equal(str(copy), "co_await signal 'hit' of a RefCounted")
	probe.cancel(task)
	check_equal(connections(emitter), 0)
	copy.call(5)
	await settle()
	check_equal(probe.log_of(task), [])


func test_a_script_that_calls_our_callable_ends_the_wait_once_as_an_emission_does() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	var copy: Callable = emitter.get_signal_connection_list("hit")[0].callable
	copy.call(5)
	copy.call(6)
	await settle()
	check_equal(probe.log_of(task), [5])
	check_equal(connections(emitter), 0, "connections")


# --- Other threads ---


func test_an_emission_on_another_thread_resumes_on_the_main_thread() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	emit_elsewhere(emitter.hit, [8])
	check_equal(probe.log_of(task), [], "before the pump")
	await settle()
	check_equal(probe.log_of(task), [8])
	check(not probe.left_main_thread(task), "on the main thread")
	check_equal(connections(emitter), 0)


func test_plain_values_strings_and_counted_objects_cross_threads() -> void:
	var emitter := Emitter.new()
	for value: Variant in [null, true, 2.5, "text", &"name", Vector3(1, 2, 3), RefCounted.new()]:
		var task := probe.wait_untyped(emitter.found)
		emit_elsewhere(emitter.found, [value])
		await settle()
		check_equal(probe.log_of(task), [value])


func test_a_packed_array_crosses_threads_as_it_was_at_the_emission() -> void:
	var emitter := Emitter.new()
	for array: Variant in [
		PackedByteArray([1]), PackedInt64Array([1]), PackedStringArray(["a"]),
		PackedVector3Array([Vector3.ONE])
	]:
		var wanted: Variant = array.duplicate()
		var task := probe.wait_untyped(emitter.found)
		emit_elsewhere(emitter.found, [array])
		array.append(array[0])  # the emitter's own, which goes on changing
		await settle()
		check_equal(probe.log_of(task), [wanted])


func test_values_confined_to_their_thread_are_an_error_instead_of_a_race() -> void:
	var emitter := Emitter.new()
	var object := Object.new()
	for value: Variant in [[1], {1: 2}, ^"path", func() -> void: pass, object]:
		var task := probe.wait_fallible(emitter.found)
		emit_elsewhere(emitter.found, [value])
		await settle()
		check_equal(
			probe.log_of(task), ["error: the value cannot be passed to another thread"], type_string(typeof(value))
		)
	object.free()


func test_an_emitter_freed_on_another_thread_ends_the_wait_on_the_main_thread() -> void:
	var holder := [Emitter.new()]
	var task: int = probe.wait_int(holder[0].hit)
	var thread := Thread.new()
	thread.start(func() -> void: holder.clear())
	thread.wait_to_finish()
	check_equal(probe.log_of(task), [], "before the pump")
	await settle()
	check_equal(
		probe.log_of(task),
		["error: the object waited for was freed: signal 'hit' of a RefCounted"]
	)
	check(not probe.left_main_thread(task), "on the main thread")


func test_a_wait_made_on_another_thread_is_refused() -> void:
	var emitter := Emitter.new()
	var thread := Thread.new()
	thread.start(func() -> String: return probe.try_wait_here(emitter.hit))
	check_equal(thread.wait_to_finish(), "called on the wrong thread")
	check_equal(probe.try_wait_here(emitter.hit), "waits", "on the main thread")


func test_a_spawn_on_another_thread_is_refused_with_a_sentence() -> void:
	var thread := Thread.new()
	thread.start(func() -> String: return probe.try_spawn_here())
	check_equal(
		thread.wait_to_finish(),
		"called on the wrong thread: tasks must be spawned on the thread of their runtime; on other threads use "
		+ "spawn_from_any_thread(), or call_deferred() in a script"
	)


func test_a_cancel_from_another_thread_takes_effect_on_the_main_thread() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_int(emitter.hit)
	var thread := Thread.new()
	thread.start(func() -> void: probe.request_cancel(task))
	thread.wait_to_finish()
	check(probe.is_pending(task), "before the pump")
	await settle()
	check(probe.was_cancelled(task), "cancelled")
	check_equal(connections(emitter), 0)


func test_an_emission_inside_a_threaded_load_resumes_on_the_main_thread() -> void:
	var emitter := Emitter.new()
	var loud := preload("res://data/loud_resource.gd")
	var task := probe.wait_untyped(emitter.found)
	loud.emitter = emitter
	ResourceLoader.load_threaded_request("res://data/loud_resource.tres")
	# Asked for at once: the engine (4.6.3) now and then leaks the token of a load that is just
	# ending when it is asked for.
	var loaded := ResourceLoader.load_threaded_get("res://data/loud_resource.tres")
	loud.emitter = null
	check(loaded != null, "the load itself")
	await settle()
	check_equal(probe.log_of(task), ["loaded off the main thread"])
	check(not probe.left_main_thread(task), "on the main thread")


func test_a_task_hops_to_a_worker_and_comes_back_to_the_main_thread() -> void:
	var task := probe.hop()
	while probe.is_pending(task):
		await tree.process_frame
	check_equal(probe.log_of(task), ["main", "worker", "main"])


func test_an_exception_on_a_worker_reaches_the_task_that_waits_for_it() -> void:
	var task := probe.hop_and_throw()
	while probe.is_pending(task):
		await tree.process_frame
	check_equal(probe.log_of(task), ["from worker", "main"])


# --- Errors ---


func test_an_exception_nobody_receives_is_one_error_line_and_others_go_on() -> void:
	var emitter := Emitter.new()
	var thrower := probe.wait_and_throw(emitter.opened)
	var other := probe.wait_none(emitter.opened)
	var watcher := probe.join(thrower)
	probe.cancel(watcher)  # it only looked
	emitter.opened.emit()
	await settle()
	check_equal(probe.log_of(thrower), ["throws"])
	check_equal(probe.log_of(other), ["done"])
	expect_error("task 'probe 0' ended with an exception: the probe was told to")
	probe = null  # with the last handle goes the last one who could have asked
	await settle()


func test_a_nested_flush_does_not_resume_the_task_that_runs() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_and_call(
		emitter.opened,
		func() -> void:
			emitter.hit.emit(1)
			tree.process_frame.emit()  # as an engine that iterates inside a call would
	)
	var other := probe.wait_int(emitter.hit)
	emitter.opened.emit()
	await settle()
	check_equal(probe.log_of(task), ["resumed", "called"])
	check_equal(probe.log_of(other), [1])

# More about C++ tasks that wait for signals: many arguments, streams, resuming inside an emission,
# and what a frame of it costs. The plain waits are in test_tasks.gd.
extends "res://task_suite.gd"


var probe := NebulaSignalProbe.new()


# --- Arguments ---


func test_nine_arguments_come_typed() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_nine(emitter.loose)
	var nine := [1, 2.5, "three", &"four", Vector3(5, 5, 5), [6], {7: 7}, null, emitter]
	emitter.callv("emit_signal", ["loose"] + nine)
	await settle()
	check_equal(probe.log_of(task), [nine])


func test_more_than_nine_arguments_come_too() -> void:
	var emitter := Emitter.new()
	var typed := probe.wait_twelve(emitter.loose)
	var untyped := probe.wait_untyped(emitter.loose)
	emitter.callv("emit_signal", ["loose"] + range(12))
	await settle()
	check_equal(probe.log_of(typed), [range(12)])
	check_equal(probe.log_of(untyped), [range(12)])


func test_arguments_that_nobody_takes_any_more_are_dropped_once() -> void:
	var emitter := Emitter.new()
	var watched: Array[WeakRef] = []
	for late: bool in [false, true]:
		var task := probe.wait_untyped(emitter.found)
		if late:
			probe.cancel(task)
		var item := RefCounted.new()
		watched.append(weakref(item))
		emitter.found.emit(item)
		item = null
		probe.cancel(task)
	check(watched[0].get_ref() == null, "of a task cancelled after the emission")
	check(watched[1].get_ref() == null, "of a task cancelled before it")


func test_a_wait_that_ended_frees_its_callable_even_when_the_task_waits_on() -> void:
	var emitter := Emitter.new()
	probe.count(emitter, "hit", 1)
	var callables := probe.callables_alive()
	for i in 50:
		emitter.hit.emit(i)
		await tree.process_frame
	check_equal(probe.callables_alive(), callables)
	check_equal(connections(emitter), 1)
	probe.stop_counting()
	check_equal(connections(emitter), 0)


func test_waits_and_streams_allocate_nothing_in_steady_state() -> void:
	for start: String in ["count", "count_streamed"]:
		var emitter := Emitter.new()
		probe.call(start, emitter, "hit", 10)
		probe.allocations_of(emitter, "hit", 20)  # fills the pools
		await settle()
		var allocations: int = probe.allocations_of(emitter, "hit", 200)
		check(allocations <= 0, "%s: %d allocations" % [start, allocations])  # -1: not counted
		check_equal(probe.counted(), 2200, start)
		probe.stop_counting()


# --- Inside the emission ---


func test_an_inline_wait_resumes_inside_the_emission_in_the_order_of_connecting() -> void:
	var emitter := Emitter.new()
	var seen := []
	var task := [-1]
	emitter.hit.connect(func(_d: int) -> void: seen.append(probe.log_of(task[0]).duplicate()))
	task[0] = probe.wait_inline(emitter.hit, 1)
	emitter.hit.connect(func(_d: int) -> void: seen.append(probe.log_of(task[0]).duplicate()))
	emitter.hit.emit(7)
	check_equal(seen, [[], [7, "done"]])


func test_a_loop_of_inline_waits_sees_every_emission_of_a_frame_once() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_inline(emitter.hit, 3)
	emitter.hit.emit(1)
	check_equal(probe.log_of(task), [1], "its next wait is not ended by the same emission")
	emitter.hit.emit(2)
	emitter.hit.emit(3)
	emitter.hit.emit(4)
	check_equal(probe.log_of(task), [1, 2, 3, "done"])
	check_equal(connections(emitter), 0)


func test_every_form_of_a_wait_may_resume_inline() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_inline_in_all_forms(emitter.hit)
	for i in 3:
		emitter.hit.emit(i)
	check_equal(probe.log_of(task), [0, 1, 2])


func test_an_inline_wait_ended_on_another_thread_resumes_in_a_pump() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_inline(emitter.hit, 1)
	emit_elsewhere(emitter.hit, [5])
	check_equal(probe.log_of(task), [], "before the pump")
	await settle()
	check_equal(probe.log_of(task), [5, "done"])
	check(not probe.left_main_thread(task), "on the main thread")


func test_an_inline_wait_ended_by_a_task_resumes_after_that_task() -> void:
	var emitter := Emitter.new()
	var waits := probe.wait_inline(emitter.hit, 1)
	var emits := probe.emit_when(emitter.opened, emitter.hit)
	emitter.opened.emit()
	check_equal(probe.log_of(emits), ["emitted"])
	check_equal(probe.log_of(waits), [], "below another task")
	await settle()
	check_equal(probe.log_of(waits), [1, "done"])


func test_an_inline_wait_whose_emitter_is_freed_resumes_in_a_pump() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_inline_in_all_forms(emitter.hit)
	emitter = null
	check_equal(probe.log_of(task), [])
	await settle()
	check_equal(probe.log_of(task)[0], "error: the object waited for was freed")


# --- Streams ---


func test_a_stream_gives_every_emission_in_order_however_many_come_at_once() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_int(emitter.hit, 0, false)
	probe.go_on(task)
	await settle()
	for i in 100:
		emitter.hit.emit(i)
	check_equal(probe.log_of(task), [], "inside the emissions")
	await settle()
	check_equal(probe.log_of(task), range(100))
	emitter.hit.emit(100)
	await settle()
	check_equal(probe.log_of(task), range(101))
	check(probe.is_pending(task), "waits for more")
	check_equal(connections(emitter), 1)


func test_a_stream_keeps_what_comes_before_its_first_next() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_int_string(emitter.picked, 0, false)
	emitter.picked.emit(1, "lamp")
	emitter.picked.emit(2, "oil")
	await settle()
	check_equal(probe.log_of(task), [])
	probe.go_on(task)
	await settle()
	check_equal(probe.log_of(task), [[1, "lamp"], [2, "oil"]])


func test_a_stream_ends_with_its_emitter_after_what_was_emitted_before() -> void:
	var emitter := Emitter.new()
	var waiting := probe.stream_none(emitter.opened, 0, false)
	var behind := probe.stream_none(emitter.opened, 0, false)
	probe.go_on(waiting)
	emitter.opened.emit()
	await settle()
	emitter.opened.emit()
	emitter = null
	await settle()
	check_equal(probe.log_of(waiting), ["one", "one", "end, 0 dropped"])
	check_equal(probe.log_of(behind), [])
	probe.go_on(behind)
	await settle()
	check_equal(probe.log_of(behind), ["one", "one", "end, 0 dropped"])


func test_a_stream_of_a_dead_object_ends_at_once_and_of_an_unknown_signal_is_an_error() -> void:
	var object := Object.new()
	var dead := Signal(object, "script_changed")
	object.free()
	var of_dead := probe.stream_none(dead, 0, false)
	var emitter := Emitter.new()
	var unknown := probe.stream_none(Signal(emitter, "no_such_signal"), 0, false)
	probe.go_on(of_dead)
	probe.go_on(unknown)
	await settle()
	check_equal(probe.log_of(of_dead), ["end, 0 dropped"])
	check_equal(
		probe.log_of(unknown),
		[
			"error: the object has no such signal: signal 'no_such_signal' of a RefCounted",
			"end, 0 dropped"
		]
	)


func test_a_bounded_stream_drops_the_oldest_and_counts_them() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_int(emitter.hit, 3, false)
	for i in 10:
		emitter.hit.emit(i)
	emitter = null
	probe.go_on(task)
	await settle()
	check_equal(probe.log_of(task), [7, 8, 9, "end, 7 dropped"])


func test_a_bounded_stream_that_drops_the_newest_keeps_the_first() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_int(emitter.hit, 3, true)
	for i in 10:
		emitter.hit.emit(i)
	emitter = null
	probe.go_on(task)
	await settle()
	check_equal(probe.log_of(task), [0, 1, 2, "end, 7 dropped"])


func test_what_a_stream_drops_or_forgets_is_freed() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_untyped(emitter.found, 1, false)
	var watched: Array[WeakRef] = []
	for i in 2:
		var item := RefCounted.new()
		watched.append(weakref(item))
		emitter.found.emit(item)
		item = null
	check(watched[0].get_ref() == null, "what was dropped")
	check(watched[1].get_ref() != null, "what is kept")
	probe.cancel(task)
	check(watched[1].get_ref() == null, "what was forgotten")


func test_an_emission_of_other_types_is_an_error_in_its_turn_and_the_stream_goes_on() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_int(emitter.found, 0, false)
	var careful := probe.stream_fallible(emitter.found)
	probe.go_on(task)
	for value: Variant in [1, "two", 3]:
		emitter.found.emit(value)
	emitter = null
	await settle()
	check_equal(
		probe.log_of(task),
		[
			1,
			"error: the signal was emitted with different arguments: signal 'found' of a RefCounted was emitted with (String) instead of (int32)",
			3, "end, 0 dropped"
		]
	)
	check_equal(
		probe.log_of(careful),
		[
			1, "error: the signal was emitted with different arguments", 3,
			"error: the object waited for was freed"
		]
	)


func test_a_stream_takes_emissions_of_other_threads_and_resumes_on_the_main_thread() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_int(emitter.hit, 0, false)
	probe.go_on(task)
	await settle()
	for i in 5:
		emit_elsewhere(emitter.hit, [i])
	await settle()
	check_equal(probe.log_of(task), range(5))
	check(not probe.left_main_thread(task), "on the main thread")


func test_four_threads_that_emit_into_one_stream_lose_nothing() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_int(emitter.hit, 0, false)
	probe.go_on(task)
	var threads: Array[Thread] = []
	for t in 4:
		threads.append(Thread.new())
		threads[t].start(
			func() -> void:
				for i in 500:
					emitter.hit.emit(t * 1000 + i)
		)
	for thread in threads:
		while thread.is_alive():
			await tree.process_frame
		thread.wait_to_finish()
	await settle()
	var got := probe.log_of(task)
	check_equal(got.size(), 2000)
	for t in 4:
		var of_this := got.filter(func(value: int) -> bool: return value / 1000 == t)
		check_equal(of_this, range(t * 1000, t * 1000 + 500), "of thread %d, in order" % t)


func test_what_may_not_leave_its_thread_is_an_error_in_its_turn() -> void:
	var emitter := Emitter.new()
	var task := probe.stream_untyped(emitter.found, 0, false)
	probe.go_on(task)
	for value: Variant in [1, [2], 3]:
		emit_elsewhere(emitter.found, [value])
	await settle()
	check_equal(
		probe.log_of(task),
		[
			1, "error: the value cannot be passed to another thread: signal 'found' of a RefCounted", 3
		]
	)


# The wait that has ended still lies in the first task when the second one begins to wait.
func test_a_named_wait_of_a_stream_that_has_ended_leaves_the_next_waiter_alone() -> void:
	var emitter := Emitter.new()
	probe.share_stream(emitter.hit)
	var first := probe.take_named()
	emitter.hit.emit(1)
	await settle()
	check_equal(probe.log_of(first), [1])
	var second := probe.take_named()
	probe.go_on(first)
	await settle()
	check_equal(probe.log_of(first), [1, "done"])
	emitter.hit.emit(2)
	await settle()
	check_equal(probe.log_of(second), [2])
	probe.go_on(second)
	await settle()


func test_a_task_may_name_two_waits_of_one_stream() -> void:
	var emitter := Emitter.new()
	probe.share_stream(emitter.hit)
	var task := probe.take_two_named()
	for i in 2:
		check_equal(probe.log_of(task), range(i))
		emitter.hit.emit(i)
		await settle()
	check_equal(probe.log_of(task), [0, 1])
	check(not probe.is_pending(task), "the task has ended")


func test_the_connection_of_a_stream_ends_with_the_stream() -> void:
	await settle()  # what an earlier test left behind
	var emitter := Emitter.new()
	var callables := probe.callables_alive()
	var two := probe.stream_twice(emitter.hit)
	var cancelled := probe.stream_twice(emitter.hit)
	check_equal(connections(emitter), 2, "connections")
	var copy: Callable = emitter.get_signal_connection_list("hit")[1].callable
	check_equal(str(copy), "stream of signal 'hit' of a RefCounted")
	probe.cancel(cancelled)
	check_equal(connections(emitter), 1, "connections, one cancelled")
	copy.call(5)
	copy = Callable()
	emitter.hit.emit(1)
	emitter.hit.emit(2)
	emitter.hit.emit(3)
	await settle()
	check_equal(probe.log_of(two), [1, 2])
	check_equal(probe.log_of(cancelled), [])
	check_equal(connections(emitter), 0, "connections at the end")
	check_equal(probe.callables_alive(), callables, "callables")


func test_a_stream_does_not_keep_its_emitter() -> void:
	var emitter := Emitter.new()
	var watched: WeakRef = weakref(emitter)
	var task := probe.stream_int(emitter.hit, 0, false)
	probe.go_on(task)
	emitter = null
	check(watched.get_ref() == null, "the emitter is gone at once")
	await settle()
	check_equal(probe.log_of(task), ["end, 0 dropped"])


func test_an_emission_on_the_main_thread_ends_its_connection_at_once() -> void:
	var emitter := Emitter.new()
	var waiting := probe.wait_int(emitter.hit)
	var inline := probe.wait_inline(emitter.hit, 1)
	emitter.hit.emit(5)
	check_equal(connections(emitter), 0, "connections after the emission")
	await settle()
	check_equal(probe.log_of(waiting), [5])
	check_equal(probe.log_of(inline), [5, "done"])


# The engine calls it nevertheless, from the snapshot it made before.
func test_a_listener_may_disconnect_a_wait_inside_the_same_emission() -> void:
	var emitter := Emitter.new()
	var end_others := func(_damage: int) -> void:
		for each in emitter.get_signal_connection_list("hit").slice(1):
			emitter.hit.disconnect(each.callable)
	emitter.hit.connect(end_others)
	var waiting := probe.wait_int(emitter.hit)
	emitter.hit.emit(5)
	check_equal(connections(emitter), 1, "connections")
	emitter.hit.disconnect(end_others)  # it holds the emitter
	await settle()
	check_equal(probe.log_of(waiting), [5])


func test_a_signal_may_be_removed_inside_its_own_emission() -> void:
	var emitter := Emitter.new()
	emitter.add_user_signal("odd")
	var odd := Signal(emitter, "odd")
	odd.connect(emitter.remove_user_signal.bind("odd"))
	var waiting := probe.wait_untyped(odd)
	emitter.emit_signal("odd")
	await settle()
	check_equal(probe.log_of(waiting), [null])


func test_a_stream_that_cannot_be_says_so_once_and_is_at_its_end() -> void:
	var emitter := Emitter.new()
	var all := {
		"there is no object to wait for: signal '' of null": Signal(),
		"the object has no such signal: signal 'none' of a RefCounted": Signal(emitter, "none"),
	}
	for error: String in all:
		var task := probe.stream_untyped(all[error], 0, false)
		probe.go_on(task)
		await settle()
		check_equal(probe.log_of(task), ["error: " + error, "end, 0 dropped"])
	var careful := probe.stream_fallible(Signal())
	check_equal(
		probe.log_of(careful),
		["error: there is no object to wait for", "error: the object waited for was freed"]
	)


func test_an_emission_elsewhere_leaves_its_connection_to_the_wait_which_ends_it() -> void:
	var emitter := Emitter.new()
	var waiting := probe.wait_int(emitter.hit)
	var dropped := probe.wait_int(emitter.hit)
	# Who emits on another thread must not end what the main thread is just ending.
	for each in emitter.get_signal_connection_list("hit"):
		check_equal(each.flags & CONNECT_ONE_SHOT, 0, "flags")
	emit_elsewhere(emitter.hit, [5])
	check_equal(connections(emitter), 2, "connections after the emission")
	probe.cancel(dropped)
	check_equal(connections(emitter), 1, "connections after the drop")
	emit_elsewhere(emitter.hit, [6])
	await settle()
	check_equal(probe.log_of(waiting), [5])
	check_equal(connections(emitter), 0, "connections afterwards")


func test_dropping_waits_while_another_thread_emits_is_quiet() -> void:
	var emitter := Emitter.new()
	var adapter := NebulaAdapterProbe.new()
	var stop := [false]
	var thread := Thread.new()
	thread.start(
		func() -> void:
			while not stop[0]:
				emitter.hit.emit(1)
	)
	for i in 2000:
		probe.cancel(probe.wait_int(emitter.hit))
		adapter.cancel(adapter.wait_int(emitter.hit))
	stop[0] = true
	thread.wait_to_finish()
	check_equal(connections(emitter), 0, "connections")


func test_a_task_that_emits_what_its_own_stream_takes_lets_the_frame_end() -> void:
	var emitter := Emitter.new()
	var task: int = probe.stream_echo(emitter.hit, 1000)
	emitter.hit.emit(0)
	await tree.process_frame
	await tree.process_frame
	var after_a_frame: int = probe.log_of(task).size()
	check(after_a_frame > 0 and after_a_frame < 500, "taken in one frame: %d" % after_a_frame)
	for i in 100:
		if probe.log_of(task).size() == 1001:
			break
		await tree.process_frame
	check_equal(probe.log_of(task).size(), 1001, "all of them")

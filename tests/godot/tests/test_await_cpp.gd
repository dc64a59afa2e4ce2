# Scripts that await tasks of C++: NebulaTask, and bound methods that return a task.
extends "res://task_suite.gd"


var probe := NebulaAsyncProbe.new()
var emitter := Emitter.new()
var got := []


# A coroutine that waits for a task and nothing else: what it gets lands in `got`.
func listen(task: NebulaTask) -> void:
	got.append(await task.wait())


func check_error(value: Variant, code: int, part: String) -> void:
	check(value is NebulaTaskError, "an error object, not %s" % [value])
	if value is NebulaTaskError:
		check_equal(value.code, code, "code")
		check(part in value.message, "the message says '%s': '%s'" % [part, value.message])


func test_waiting_for_a_task_that_is_done_gives_its_value_at_once() -> void:
	var task := probe.done_task(7)
	check(task.is_done() and not task.is_pending(), "done")
	check_equal(task.wait(), 7, "without await")
	check_equal(await task.wait(), 7, "with await")
	check_equal([task.result, task.failed, task.cancelled], [7, false, false])
	check(task.error == null, "no error")


func test_waiting_for_a_task_that_ends_later_gives_its_value_then() -> void:
	var task := probe.task_after(emitter.fired, "lamp")
	check(task.is_pending(), "pending")
	check_equal(task.name, "given")
	listen(task)
	listen(task)
	check_equal(got, [])
	emitter.fired.emit()
	await settle()
	check_equal(got, ["lamp", "lamp"], "both who waited")
	check_equal(await task.wait(), "lamp", "who comes late")


func test_a_value_that_is_an_array_or_null_comes_as_it_is() -> void:
	var list := probe.task_after(emitter.fired, [1, 2])
	var nothing := probe.task_after(emitter.fired, null)
	listen(list)
	listen(nothing)
	emitter.fired.emit()
	await settle()
	check_equal(got, [[1, 2], null])


func test_a_failed_task_gives_an_error_object_before_and_after() -> void:
	var failed := probe.failed_task("no coal")
	check_error(await failed.wait(), NebulaTaskError.FAILED, "no coal")
	check(failed.failed and not failed.cancelled, "failed")
	check_equal(failed.result, null)
	var failing := probe.failing_task(emitter.fired, "no iron")
	listen(failing)
	emitter.fired.emit()
	await settle()
	check_error(got[0], NebulaTaskError.FAILED, "no iron")
	check_error(failing.error, NebulaTaskError.FAILED, "no iron")


func test_a_failure_nobody_waits_for_is_one_error_line() -> void:
	expect_error("task 'failing' ended with an exception: unseen")
	probe.failing_task(emitter.fired, "unseen")
	emitter.fired.emit()
	await settle()


func test_a_failure_that_only_an_inspector_has_seen_is_an_error_line() -> void:
	expect_error("task 'failing' ended with an exception: unseen")
	var failing := probe.failing_task(emitter.fired, "unseen")
	emitter.fired.emit()
	await settle()
	for property in failing.get_property_list():
		if property.usage & (PROPERTY_USAGE_EDITOR | PROPERTY_USAGE_STORAGE):
			failing.get(property.name)
	failing = null
	await settle()


func test_a_cancelled_task_gives_an_error_object_before_and_after() -> void:
	var task := probe.task_after(emitter.fired, 1)
	listen(task)
	task.cancel()
	check_error(got[0], NebulaTaskError.CANCELLED, "cancelled")
	check(task.cancelled and not task.failed and task.is_done(), "cancelled")
	check_error(await task.wait(), NebulaTaskError.CANCELLED, "cancelled")
	task.cancel()
	emitter.fired.emit()
	await settle()
	check_equal(got.size(), 1, "told once")


func test_a_cancelled_task_that_nobody_waits_for_is_silent() -> void:
	probe.task_after(emitter.fired, 1).cancel()
	await settle()


func test_a_dropped_task_still_ends_and_tells_who_waits() -> void:
	listen(probe.task_after(emitter.fired, 5))
	emitter.fired.emit()
	await settle()
	check_equal(got, [5])


func test_a_task_nobody_holds_is_freed_when_it_has_ended() -> void:
	var watched: WeakRef
	if true:
		watched = weakref(probe.task_after(emitter.fired, 5))
	check(watched.get_ref() != null, "kept by the task")
	emitter.fired.emit()
	await settle()
	check(watched.get_ref() == null, "freed")


func test_a_script_may_cancel_and_start_tasks_from_inside_completed() -> void:
	var second := []
	var task := probe.task_after(emitter.fired, 1)
	task.completed.connect(
		func(_value: Variant) -> void:
			task.cancel()
			second.append(probe.task_after(emitter.fired, 2)),
		CONNECT_ONE_SHOT  # the lambda holds the task
	)
	emitter.fired.emit()
	await settle()
	check_equal(task.result, 1)
	emitter.fired.emit()
	await settle()
	check_equal(second[0].result, 2)


func test_a_task_of_no_coroutine_gives_an_error_object_instead_of_a_wait() -> void:
	var task := NebulaTask.new()  # as those are that the engine makes anew in a reload
	check(task.is_done() and task.cancelled and not task.failed, "over")
	check_error(await task.wait(), NebulaTaskError.CLOSED, "the task is gone")
	check_equal(task.result, null)
	task.cancel()


# --- Bound methods that return a task ---


func test_a_bound_method_that_returns_a_task_is_awaited_like_a_coroutine() -> void:
	var node := NebulaAsyncNode.new()
	check_equal(await node.add_now(2, 3), 5, "done before")
	emitter.fired.emit.call_deferred()
	check_equal(await node.add_after(emitter.fired, 2, 3), 5, "done later")
	emitter.fired.emit.call_deferred()
	check_equal(await node.nothing_after(emitter.fired), null, "of a task without a value")
	emitter.fired.emit.call_deferred()
	check_equal(await NebulaAsyncNode.static_add_after(emitter.fired, 4, 5), 9, "static")
	var untyped: Variant = node
	emitter.fired.emit.call_deferred()
	check_equal(await untyped.add_after(emitter.fired, 6, 7), 13, "called by name")
	node.free()


func test_a_bound_method_that_fails_gives_an_error_object() -> void:
	var node := NebulaAsyncNode.new()
	check_error(await node.fail_now(), NebulaTaskError.FAILED, "the node was told to")
	emitter.fired.emit.call_deferred()
	check_error(
		await node.fail_after(emitter.fired), NebulaTaskError.FAILED, "the node was told to"
	)
	node.free()


func test_a_script_goes_on_on_the_main_thread_after_a_bound_method_that_ends_on_a_worker() -> void:
	var node := NebulaAsyncNode.new()
	check_equal(await node.add_on_worker(1, 2), 3)
	check_equal(OS.get_thread_caller_id(), OS.get_main_thread_id(), "the thread after a value")
	check_error(await node.fail_on_worker(), NebulaTaskError.FAILED, "the worker was told to")
	check_equal(OS.get_thread_caller_id(), OS.get_main_thread_id(), "the thread after an error")
	node.free()


func test_a_bound_method_whose_node_is_freed_meanwhile_gives_an_error_object() -> void:
	var node := NebulaAsyncNode.new()
	node.free.call_deferred()
	check_error(
		await node.add_after(emitter.fired, 1, 2), NebulaTaskError.CANCELLED, "cancelled"
	)
	check(not is_instance_valid(node), "the node is gone")


func test_a_handle_from_a_node_may_be_bound_to_it_or_not() -> void:
	var node := NebulaAsyncNode.new()
	var free_one := node.start(emitter.fired, 1)
	var bound := node.start_on_self(emitter.fired, 2)
	node.free()
	emitter.fired.emit()
	await settle()
	check_equal(free_one.result, 1)
	check(bound.cancelled, "cancelled with the node")


func test_a_failure_nobody_waits_for_names_the_place_of_the_last_wait() -> void:
	var node := NebulaAsyncNode.new()
	expect_error("tests/godot/probe/async_probe.cpp:")
	@warning_ignore("missing_await")
	node.fail_after(emitter.fired)
	emitter.fired.emit()
	await settle()
	node.free()


func listen_and_hold(task: NebulaTask) -> WeakRef:
	task.completed.connect(func(_result: Variant) -> void: got.append(task.name))
	return weakref(task)


func test_a_listener_that_holds_its_task_is_let_go_when_that_has_ended() -> void:
	for ends: String in ["value", "error"]:
		var task := probe.task_after(emitter.fired, 1)
		var watched := listen_and_hold(task)
		if ends == "value":
			emitter.fired.emit()
		else:
			task.cancel()
		task = null
		await settle()
		check(watched.get_ref() == null, "gone after its " + ends)
	check_equal(got, ["given", "given"])


# As the connections of a SceneTreeTimer do.
func test_the_connections_of_completed_end_with_it_however_often_they_were_made() -> void:
	var task := probe.task_after(emitter.fired, 1)
	var note := func(result: Variant) -> void: got.append(result)
	for i in 2:
		task.completed.connect(note, CONNECT_REFERENCE_COUNTED)
	task.completed.connect(check_equal.bind(1), CONNECT_DEFERRED)
	emitter.fired.emit()
	await settle()
	check_equal(got, [1])
	check(not task.completed.is_connected(note), "connected")
	check_equal(connections(task), 0, "connections")


class Looking:
	extends NebulaAsyncNode
	var row := {}

	func _greet(times: int) -> int:
		row = Nebula.live_tasks().back()
		return times


func test_a_task_that_a_script_began_and_that_has_not_waited_says_so() -> void:
	var node := Looking.new()
	check_equal(await node.greet(2), 2)
	check_equal(
		[node.row.name, node.row.state, node.row.site],
		["NebulaAsyncNode.greet", "running", "called by a script"]
	)
	node.free()


func test_a_failure_of_a_bound_method_that_nobody_awaits_is_one_error_line() -> void:
	expect_error("ended with an exception: the node was told to")
	var node := NebulaAsyncNode.new()
	@warning_ignore("missing_await")
	node.fail_after(emitter.fired)
	emitter.fired.emit()
	await settle()
	node.free()


class AtOnce:
	extends NebulaAsyncNode

	func _greet(times: int) -> int:
		return times * 10


class Later:
	extends NebulaAsyncNode
	signal bell

	func _greet(times: int) -> int:
		await bell
		return times * 100


func test_a_method_that_a_script_overrides_may_wait_or_not_or_be_missing() -> void:
	var plain := NebulaAsyncNode.new()
	check_equal(await plain.greet(3), -3, "of C++")
	plain.free()
	var at_once := AtOnce.new()
	check_equal(await at_once.greet(3), 30, "of a script")
	at_once.free()
	var later := Later.new()
	later.bell.emit.call_deferred()
	check_equal(await later.greet(3), 300, "of a script that waits")
	later.free()


func test_a_task_is_cancelled_from_any_thread() -> void:
	var task := probe.task_after(emitter.fired, "lamp")
	listen(task)
	var thread := Thread.new()
	thread.start(task.cancel)
	thread.wait_to_finish()
	await settle()
	check_error(got[0], NebulaTaskError.CANCELLED, "cancelled")


func test_what_is_for_the_main_thread_says_so_on_another() -> void:
	expect_error("Nebula.live_tasks may only be called on the main thread")
	expect_error("NebulaTask.wait may only be called on the main thread")
	var task := probe.done_task(7)
	var thread := Thread.new()
	thread.start(func() -> Array: return [Nebula.live_tasks(), task.wait()])
	var got: Array = thread.wait_to_finish()
	check_equal(got[0], [])
	check_error(got[1], NebulaTaskError.FAILED, "NebulaTask.wait may only be called")


func test_a_method_that_returns_a_task_is_refused_elsewhere_with_an_error_object() -> void:
	var node := NebulaAsyncNode.new()
	expect_error("NebulaAsyncNode.greet may only be called on the main thread")
	var thread := Thread.new()
	thread.start(func() -> Variant: return node.greet(3))
	check_error(thread.wait_to_finish(), NebulaTaskError.FAILED, "main thread")
	node.free()


# --- Awaited later than it ends ---


func test_of_two_tasks_the_slower_may_be_awaited_first() -> void:
	var node: Variant = NebulaAsyncNode.new()  # untyped: the other way of calling
	var slow: Variant = node.add_after(emitter.opened, 1, 2)
	var fast: Variant = node.add_after(emitter.fired, 3, 4)
	emitter.fired.emit()
	await settle()
	emitter.opened.emit.call_deferred()
	check_equal(await slow, 3, "the slower")
	check_equal(await fast, 7, "the one that has ended long ago")
	check_equal(await fast, 7, "awaited a second time")
	check_equal(await slow, 3, "the slower a second time")
	node.free()


func test_an_await_in_the_very_moment_of_the_end_gets_the_value() -> void:
	var node := NebulaAsyncNode.new()
	var first: Variant = node.add_after(emitter.fired, 1, 0)
	var second: Variant = node.add_after(emitter.fired, 2, 0)
	emitter.fired.emit()  # both end in the pump of this frame
	check_equal(await first, 1)
	check_equal(await second, 2)
	node.free()


func test_a_late_await_of_a_task_that_gave_no_value_gets_the_error() -> void:
	var node := NebulaAsyncNode.new()
	var failed: Variant = node.fail_after(emitter.fired)
	var cancelled: Variant = node.add_after(emitter.opened, 1, 2)
	var static_one: Variant = NebulaAsyncNode.static_add_after(emitter.fired, 5, 6)
	emitter.fired.emit()
	await settle()
	node.free()
	await settle()
	check_error(await failed, NebulaTaskError.FAILED, "the node was told to")
	check_error(await cancelled, NebulaTaskError.CANCELLED, "cancelled")
	check_equal(await static_one, 11)


func test_what_wait_returned_may_be_awaited_when_the_task_is_long_gone() -> void:
	var waits: Variant = probe.task_after(emitter.fired, "lamp").wait()
	emitter.fired.emit()
	await settle()
	check_equal(await waits, "lamp")


func test_many_wait_for_one_call_before_and_after_its_end() -> void:
	var node := NebulaAsyncNode.new()
	var call: Variant = node.add_after(emitter.fired, 1, 2)
	for i in 3:
		listen_to(call)
	emitter.fired.emit()
	await settle()
	check_equal(got, [3, 3, 3], "who came before the end")
	for i in 3:
		listen_to(call)
	await settle()
	check_equal(got, [3, 3, 3, 3, 3, 3], "who came after it")
	node.free()


func test_a_call_that_nobody_holds_leaves_nothing_behind() -> void:
	var node := NebulaAsyncNode.new()
	var held: Variant = node.add_after(emitter.fired, 1, 2)
	var watched: WeakRef = weakref(held.get_object())
	node.add_after(emitter.fired, 3, 4)
	emitter.fired.emit()
	await settle()
	check(watched.get_ref() != null, "kept by the script")
	held = null
	await settle()
	check(watched.get_ref() == null, "freed")
	node.free()


func test_a_failed_call_that_nobody_awaits_is_one_error_line() -> void:
	expect_error("ended with an exception: the node was told to")
	var node := NebulaAsyncNode.new()
	node.fail_after(emitter.fired)
	emitter.fired.emit()
	await settle()
	await settle()
	node.free()


func test_cpp_that_awaits_a_call_that_has_ended_gets_its_value() -> void:
	var node := NebulaAsyncNode.new()
	var call: Variant = node.add_after(emitter.fired, 1, 2)
	emitter.fired.emit()
	await settle()
	var task: int = probe.await_any(call)
	await settle()
	check_equal(probe.log_of(task), [3])
	node.free()


func test_a_listener_that_ends_the_next_task_each_time_lets_the_frame_end() -> void:
	var seen := {}
	var next := func(self_: Callable) -> void:
		seen[Engine.get_process_frames()] = seen.get(Engine.get_process_frames(), 0) + 1
		if seen.size() < 3 and seen.values().max() < 9000:
			var task := probe.task_after(emitter.fired, 1)
			task.completed.connect(func(_result: Variant) -> void: self_.call(self_))
			task.cancel()
	next.call(next)
	await frames(6)
	check_equal(seen.size(), 3, "frames in which one was told")
	check(seen.values().max() < 5000, "told in one frame: %s" % [seen])


func listen_to(call: Variant) -> void:
	got.append(await call)

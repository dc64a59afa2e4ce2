# Functions of scripts on workers: Nebula.run, spawn, par_for, par_map, and waiting for several things.
extends "res://task_suite.gd"

signal fired(value: Variant)
signal never


class Counter:
	extends RefCounted
	var factor := 2

	func times(x: int) -> int:
		return factor * x


class Walker:
	extends Node3D
	var seen := 0
	var began := Semaphore.new()

	func count() -> int:
		return 40 + 2

	func wait_for_a_frame() -> void:
		await Engine.get_main_loop().process_frame

	func note(ran: Array, i: int) -> void:
		OS.delay_usec(5)
		ran[i] += 1 + seen  # reads the node

	func move() -> void:
		position = Vector3.ONE

	func wait_until_told() -> int:
		began.post()
		while not Nebula.stop_requested():
			OS.delay_usec(100)
		seen = 1
		return seen


var _mutex := Mutex.new()
var _count := 0


func count_one(_item: Variant) -> void:
	_mutex.lock()
	_count += 1
	_mutex.unlock()


func take_count() -> int:
	var count := _count
	_count = 0
	return count


func add(a: int, b: int) -> int:
	return a + b


static func thread_of_it() -> int:
	return OS.get_thread_caller_id()


func fails() -> int:
	var nothing: Variant = null
	return nothing.no_such_thing


func waits() -> int:
	await tree.process_frame
	return 3


func check_error(got: Variant, code: int, parts: Array) -> void:
	if not got is NebulaTaskError:
		check(false, "got %s, wanted an error" % var_to_str(got))
		return
	check_equal(got.code, code, "code of '%s'" % got.message)
	for part: String in parts:
		check(part in got.message, "'%s' has '%s'" % [got.message, part])


# --- run -----------------------------------------------------------------------------------------


func test_an_awaited_function_gives_its_result() -> void:
	check_equal(await Nebula.run(add.bind(3, 4)), 7)
	check_equal(await Nebula.run(func() -> String: return "text"), "text")
	check_equal(await Nebula.run(func() -> void: pass), null)


func test_the_function_runs_on_another_thread() -> void:
	var here := OS.get_thread_caller_id()
	var there: int = await Nebula.run(thread_of_it)
	check(there != here, "on a worker")


func test_every_band_and_a_name() -> void:
	for band: int in [Nebula.BAND_FRAME, Nebula.BAND_NORMAL, Nebula.BAND_BACKGROUND]:
		check_equal(await Nebula.run(add.bind(1, 1), band, "sum"), 2)
	var task := Nebula.spawn(add.bind(1, 1), Nebula.BAND_NORMAL, "sum")
	check_equal(task.name, "sum")
	check_equal(Nebula.spawn(add.bind(1, 1)).name, "add")
	check_equal(await task.wait(), 2)
	await settle()


func test_a_band_that_there_is_not_is_refused() -> void:
	expect_error("the band must be Nebula.BAND_FRAME")
	check_error(await Nebula.run(add.bind(1, 1), 7), NebulaTaskError.FAILED, ["not 7"])


func test_a_task_is_held_asked_and_awaited_late_and_twice() -> void:
	var task := Nebula.spawn(add.bind(3, 4))
	while task.is_pending():
		await tree.process_frame
	check_equal(task.result, 7)
	check(task.error == null, "no error")
	check_equal(await task.wait(), 7)
	check_equal(await task.wait(), 7)


func test_an_error_of_the_script_names_the_script_and_the_line() -> void:
	expect_error("no_such_thing")
	var got: Variant = await Nebula.run(fails)
	check_error(got, NebulaTaskError.FAILED, ["no_such_thing", "test_script_jobs.gd:%d" % line_of("return nothing.no_such_thing")])


func line_of(text: String) -> int:
	return 1 + get_script().source_code.get_slice(text, 0).count("\n")


func test_an_error_in_a_function_that_it_calls_fails_the_task() -> void:
	expect_error("no_such_thing")
	check_error(
		await Nebula.run(func() -> int:
			fails()
			return 5),
		NebulaTaskError.FAILED, ["no_such_thing"]
	)


# Not an error of the function.
func test_what_a_function_prints_does_not_fail_it() -> void:
	expect_error("only told")
	check_equal(await Nebula.run(func() -> int:
		push_error("only told")
		return 5), 5)


func test_errors_of_other_threads_do_not_fail_a_task() -> void:
	expect_error("no_such_thing")
	var began := Semaphore.new()
	var hold := Semaphore.new()
	var task := Nebula.spawn(func() -> int:
		began.post()
		hold.wait()
		return 1)
	began.wait()
	fails()
	hold.post()
	check_equal(await task.wait(), 1)


func test_wrong_numbers_and_types_of_arguments_are_errors() -> void:
	check_error(await Nebula.run(add), NebulaTaskError.FAILED, ["add() (res://shipped/test_script_jobs.gd:", "it takes 2"])
	check_error(await Nebula.run(add.bind("a", {})), NebulaTaskError.FAILED, ["argument 1", "int"])


func test_callables_that_cannot_be_called_are_refused_at_once() -> void:
	expect_error("the Callable is empty")
	check_error(await Nebula.run(Callable()), NebulaTaskError.FAILED, ["the Callable is empty"])
	expect_error("there is no function 'no_such'")
	check_error(await Nebula.run(Callable(self, "no_such")), NebulaTaskError.FAILED, ["no_such"])
	var object := Object.new()
	var gone := Callable(object, "get_class")
	object.free()
	expect_error("there is no function")
	check_error(await Nebula.run(gone), NebulaTaskError.FAILED, ["was freed"])


func test_a_counted_object_lives_as_long_as_its_function_runs() -> void:
	var task := Nebula.spawn(Callable(Counter.new(), "times").bind(4))
	check_equal(await task.wait(), 8)


func test_a_node_that_is_freed_before_its_function_begins() -> void:
	var walker := Walker.new()
	var hold := Semaphore.new()
	var blocking := []
	for i in Nebula.worker_count():
		blocking.append(Nebula.spawn(hold.wait, Nebula.BAND_NORMAL))
	var task := Nebula.spawn(walker.count, Nebula.BAND_BACKGROUND)
	walker.free()  # never was in the tree
	for i in blocking.size():
		hold.post()
	check_error(await task.wait(), NebulaTaskError.CANCELLED, ["count"])
	check_equal((await Nebula.all(blocking)).size(), blocking.size())


func test_an_object_whose_script_is_taken_away() -> void:
	var counter := Counter.new()
	var hold := Semaphore.new()
	var blocking := []
	for i in Nebula.worker_count():
		blocking.append(Nebula.spawn(hold.wait))
	var task := Nebula.spawn(counter.times.bind(4), Nebula.BAND_BACKGROUND)
	counter.set_script(null)
	for i in blocking.size():
		hold.post()
	check_error(await task.wait(), NebulaTaskError.FAILED, ["'times' was not called", "no such method any more"])
	await Nebula.all(blocking)


func test_a_coroutine_is_refused_on_a_worker() -> void:
	check_error(await Nebula.run(waits), NebulaTaskError.FAILED, ["waits() (res://shipped/test_script_jobs.gd:", "must not"])
	await settle()


# The engine refuses to tell a worker the script of a node in the tree.
func test_a_failing_function_of_a_node_is_named_without_asking_the_node() -> void:
	var walker := Walker.new()
	tree.root.add_child(walker)
	check_error(await Nebula.run(walker.wait_for_a_frame), NebulaTaskError.FAILED, ["wait_for_a_frame() waits for something"])
	var overlay: Node = preload("res://addons/nebula/overlay/nebula_overlay.tscn").instantiate()
	tree.root.add_child(overlay)
	var line := 1 + (overlay.get_script() as GDScript).source_code.get_slice("func _row_height", 0).count("\n")
	check_error(
		await Nebula.run(overlay._row_height.bind(1)), NebulaTaskError.FAILED,
		["_row_height() (res://addons/nebula/overlay/nebula_overlay.gd:%d)" % line, "it takes 0"]
	)
	overlay.queue_free()
	await settle()
	walker.free()


# --- the scene tree ------------------------------------------------------------------------------


func test_a_function_of_a_node_that_only_computes_is_fine() -> void:
	var walker := Walker.new()
	tree.root.add_child(walker)
	check_equal(await Nebula.run(walker.count), 42)
	check_equal(await Nebula.run(func() -> int: return walker.count()), 42)
	walker.free()


func test_a_function_that_touches_the_tree_fails_with_a_sentence() -> void:
	var walker := Walker.new()
	tree.root.add_child(walker)
	expect_error("set_position")
	check_error(
		await Nebula.run(walker.move), NebulaTaskError.FAILED,
		["main thread", "set_position", "test_script_jobs.gd:%d" % line_of("position = Vector3.ONE")]
	)
	expect_error("only allowed from the main thread")
	var child := Node.new()
	check_error(
		await Nebula.run(func() -> void: tree.root.add_child(child)),
		NebulaTaskError.FAILED, ["main thread"]
	)
	child.free()
	walker.free()


func test_a_method_of_the_engine_of_a_node_in_the_tree_is_refused_at_once() -> void:
	var walker := Walker.new()
	tree.root.add_child(walker)
	expect_error("'queue_free' is a method of the node")
	check_error(await Nebula.run(walker.queue_free), NebulaTaskError.FAILED, ["workers must not touch the tree"])
	expect_error("'set_position' is a method of the node")
	check_error(await Nebula.run(walker.set_position.bind(Vector3.ONE)), NebulaTaskError.FAILED, [])
	check(not walker.is_queued_for_deletion(), "nothing was done")
	walker.free()


func test_what_is_ours_and_for_the_main_thread_fails_the_task() -> void:
	expect_error("may only be called on the main thread")
	check_error(await Nebula.run(func() -> int: return Nebula.worker_count()), NebulaTaskError.FAILED, ["worker_count"])


# The function uses the node's variables: the engine frees them with the node.
func test_a_node_that_leaves_the_tree_waits_for_its_function() -> void:
	for how: String in ["free", "queue_free", "remove"]:
		var walker := Walker.new()
		var parent := Node.new()
		parent.add_child(walker)
		tree.root.add_child(parent)
		var task := Nebula.spawn(walker.wait_until_told)
		walker.began.wait()
		match how:
			"free":
				parent.free()
			"queue_free":
				parent.queue_free()
				await settle()
			"remove":
				parent.remove_child(walker)
				check_equal(walker.seen, 1, "the function has ended")
				walker.free()
				parent.free()
		check_error(await task.wait(), NebulaTaskError.CANCELLED, ["wait_until_told", "left the scene tree"])


# --- cancel --------------------------------------------------------------------------------------


func test_a_cancelled_function_sees_it() -> void:
	var began := Semaphore.new()
	var seen := [false]
	var over := Semaphore.new()
	var task := Nebula.spawn(func() -> void:
		began.post()
		while not Nebula.stop_requested():
			OS.delay_usec(100)
		seen[0] = true
		over.post())
	began.wait()
	task.cancel()
	check_error(await task.wait(), NebulaTaskError.CANCELLED, [])
	over.wait()
	check(seen[0], "it was asked to stop")
	check(not Nebula.stop_requested(), "not here")
	await settle()


func test_a_function_that_is_cancelled_before_it_begins_never_does() -> void:
	var hold := Semaphore.new()
	var blocking := []
	for i in Nebula.worker_count():
		blocking.append(Nebula.spawn(hold.wait))
	var ran := [false]
	var kept := Counter.new()
	var before := kept.get_reference_count()
	var task := spawn_with(kept, ran)
	check_equal(kept.get_reference_count(), before + 1, "captured")
	task.cancel()
	check_equal(kept.get_reference_count(), before, "the function is gone at once")
	for i in blocking.size():
		hold.post()
	await Nebula.all(blocking)
	check_error(await task.wait(), NebulaTaskError.CANCELLED, [])
	check(not ran[0], "it never ran")


# In a function of its own, so that nothing of the lambda is left on the stack.
func spawn_with(kept: Counter, ran: Array) -> NebulaTask:
	var function := func() -> void:
		kept.times(2)
		ran[0] = true
	return Nebula.spawn(function, Nebula.BAND_BACKGROUND)


func test_many_jobs_at_once_all_end() -> void:
	var tasks := []
	for i in 1000:
		tasks.append(Nebula.spawn(add.bind(i, 1)))
	var got: Array = await Nebula.all(tasks)
	check_equal(got, range(1, 1001))


# A cancel, or the end of the node, meets jobs before, while and after they run.
func test_jobs_that_are_ended_at_any_moment_run_once_or_never() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 7
	for round in 20:
		var ran := []
		ran.resize(50)
		ran.fill(0)
		var walker := Walker.new()
		var parent := Node.new()
		parent.add_child(walker)
		tree.root.add_child(parent)
		var tasks := []
		for i in ran.size():
			tasks.append(Nebula.spawn(walker.note.bind(ran, i) if i % 2 else note.bind(ran, i)))
		OS.delay_usec(random.randi_range(0, 200))
		for i in range(0, ran.size(), 5):
			tasks[i].cancel()
		if round % 2:
			parent.free()  # not the node itself: the engine refuses while one of its methods runs
		for i in ran.size():
			var got: Variant = await tasks[i].wait()
			var ended: bool = got is NebulaTaskError
			check(ran[i] == 1 or ran[i] == 0 and ended, "job %d ran %d times" % [i, ran[i]])
			if ended:
				check_equal(got.code, NebulaTaskError.CANCELLED)
				check(i % 5 == 0 or i % 2 == 1 and round % 2, "only those that were ended")
		if round % 2 == 0:
			parent.free()


static func note(ran: Array, i: int) -> void:
	OS.delay_usec(5)
	ran[i] += 1


# --- loops and maps ------------------------------------------------------------------------------


func test_a_loop_calls_each_item_once() -> void:
	for items: Variant in [1000, range(5, 1005), PackedInt32Array(range(1000)), 1, 0, []]:
		var count: int = items if items is int else items.size()
		check_equal(Nebula.par_for(items, count_one), null)
		check_equal(take_count(), count)
		check_equal(await Nebula.par_for_async(items, count_one), null)
		check_equal(take_count(), count)


func test_a_map_keeps_the_order() -> void:
	var squares := range(1000).map(func(i: int) -> int: return i * i)
	check_equal(Nebula.par_map(1000, func(i: int) -> int: return i * i), squares)
	check_equal(Nebula.par_map(range(1000), func(i: int) -> int: return i * i), squares)
	check_equal(await Nebula.par_map_async(1000, func(i: int) -> int: return i * i), squares)


# One of each packed type, with a function whose results fit.
func test_a_packed_array_stays_one_if_the_results_fit() -> void:
	for items: Variant in [
		PackedByteArray([1, 2, 255]), PackedInt32Array([1, -2]), PackedInt64Array([1 << 40]),
		PackedFloat32Array([0.5, 1.5]), PackedFloat64Array([0.1]), PackedStringArray(["a", "b"]),
		PackedVector2Array([Vector2.ONE]), PackedVector3Array([Vector3.UP]),
		PackedVector4Array([Vector4.ONE]), PackedColorArray([Color.RED]), PackedByteArray()
	]:
		check_equal(Nebula.par_map(items, func(x: Variant) -> Variant: return x), items)
		check_equal(await Nebula.par_map_async(items, func(x: Variant) -> Variant: return x), items)


func test_results_that_do_not_fit_come_in_an_array() -> void:
	check_equal(Nebula.par_map(PackedByteArray([1, 200]), func(x: int) -> int: return 2 * x), [2, 400])
	check_equal(Nebula.par_map(PackedByteArray([1]), func(x: int) -> int: return -x), [-1])
	check_equal(Nebula.par_map(PackedFloat32Array([1]), func(x: float) -> String: return str(x)), ["1.0"])
	check_equal(Nebula.par_map(PackedVector3Array([Vector3.UP]), func(x: Vector3) -> float: return x.y), [1.0])
	check_equal(Nebula.par_map(PackedInt32Array([1]), func(x: int) -> int: return x + (1 << 31)), [2147483649])
	check_equal(Nebula.par_map(PackedFloat32Array([1]), func(_x: float) -> int: return 3), PackedFloat32Array([3.0]))


func test_the_items_are_those_at_the_time_of_the_call() -> void:
	var items := range(10000)
	var packed := PackedInt32Array(items)
	var task: Variant = Nebula.par_map_async(items, func(x: int) -> int: return x)
	var other: Variant = Nebula.par_map_async(packed, func(x: int) -> int: return x)
	items.clear()
	packed.clear()
	check_equal((await task).size(), 10000)
	check_equal((await other).size(), 10000)


func test_a_call_that_fails_ends_the_loop() -> void:
	for blocking: bool in [true, false]:
		var got: Variant
		var bad := func(i: int) -> int:
			count_one(i)
			return i if i != 3 else fails()
		expect_error("no_such_thing")
		if blocking:
			got = Nebula.par_map(100000, bad)
		else:
			got = await Nebula.par_map_async(100000, bad)
		check_error(got, NebulaTaskError.FAILED, ["no_such_thing", "test_script_jobs.gd:"])
		check(take_count() < 100000, "the rest was left out")


func test_wrong_items_are_refused() -> void:
	for items: Variant in [-1, 1.5, "text", null, {}, Vector3.ZERO]:
		for method: String in ["par_for", "par_map", "par_for_async", "par_map_async"]:
			expect_error("Nebula.%s: the " % method)
			check_error(Nebula.call(method, items, count_one), NebulaTaskError.FAILED, [method])
	expect_error("number of arguments")
	check_error(Nebula.par_for(3, func() -> void: pass), NebulaTaskError.FAILED, ["number of arguments"])


func test_loops_in_loops_in_functions() -> void:
	var got: Variant = await Nebula.run(func() -> int:
		var sums: Array = Nebula.par_map(8, func(i: int) -> int:
			var parts: PackedInt32Array = Nebula.par_map(
				PackedInt32Array(range(16)), func(j: int) -> int: return i * j
			)
			var sum := 0
			for part in parts:
				sum += part
			return sum)
		var sum := 0
		for part: int in sums:
			sum += part
		return sum)
	check_equal(got, 28 * 120)
	check_equal(await Nebula.run(func() -> Variant: return Nebula.par_for(100, count_one)), null)
	check_equal(take_count(), 100)


# Each level takes some of the stack; the engine stops at 1024 calls in a debug build.
func nest(depth: int) -> int:
	if depth == 0:
		return 0
	var got: Variant = Nebula.par_map(1, func(_i: int) -> int: return nest(depth - 1))
	return got[0] + 1 if got is Array else -1000000


func test_deep_nesting_is_no_crash() -> void:
	check_equal(nest(50), 50)
	check_equal(await Nebula.run(nest.bind(50)), 50)


# 25 variables of 24 bytes, and what the engine needs for a call: 1000 of these take some 4 MB.
func recurse(depth: int) -> int:
	var a := depth; var b := a; var c := b; var d := c; var e := d
	var f := e; var g := f; var h := g; var i := h; var j := i
	var k := j; var l := k; var m := l; var n := m; var o := n
	var p := o; var q := p; var r := q; var s := r; var t := s
	var u := t; var v := u; var w := v; var x := w; var y := x
	return 0 if y == 0 else 1 + recurse(depth - 1)


# In a debug build the engine stops a script after 1024 calls. It must get as far.
func test_a_worker_has_room_for_all_calls_that_the_engine_allows() -> void:
	check_equal(await Nebula.run(recurse.bind(1000)), 1000)


func test_a_cancel_reaches_every_call_of_a_loop() -> void:
	var began := Semaphore.new()
	var ended := Semaphore.new()
	var call_each := func(_i: int) -> void:
		began.post()
		while not Nebula.stop_requested():
			OS.delay_usec(100)
		ended.post()
	var task := Nebula.spawn(func() -> Variant: return Nebula.par_for(64, call_each))
	began.wait()
	task.cancel()
	check_error(await task.wait(), NebulaTaskError.CANCELLED, [])
	while not ended.try_wait():
		await tree.process_frame


# --- waiting for several things ------------------------------------------------------------------


func test_all_takes_what_one_can_wait_for() -> void:
	var emitter := Emitter.new()
	var waiting: Variant = Nebula.all([
		Nebula.run(add.bind(1, 2)), Nebula.spawn(add.bind(3, 4)), emitter.hit, waits, add.bind(5, 6),
		"a value", null
	])
	emitter.hit.emit(9)
	check_equal(await waiting, [3, 7, 9, 3, 11, "a value", null])
	check_equal(await Nebula.all([]), [])


func test_all_fails_with_the_first_that_fails() -> void:
	var emitter := Emitter.new()
	var task := Nebula.spawn(waits)
	check_error(
		await Nebula.all([emitter.fired, task]), NebulaTaskError.FAILED, ["element 1: ", "waits()"]
	)
	check_equal(connections(emitter), 0, "nobody listens any more")
	var stopped := Nebula.spawn(OS.delay_msec.bind(1))
	stopped.cancel()
	check_error(await Nebula.all([stopped]), NebulaTaskError.CANCELLED, ["element 0: "])


func test_what_is_freed_ends_every_wait() -> void:
	for how: String in ["all", "any"]:
		var emitter := Emitter.new()
		var waiting: Variant = Nebula.call(how, [emitter.fired, never])
		emitter = null
		check_error(await waiting, NebulaTaskError.FAILED, ["element 0: ", "freed"])
	var node := Waiting.new()
	var waiting: Variant = Nebula.timeout(node.never, 1000.0)
	node.free()
	check_error(await waiting, NebulaTaskError.FAILED, ["freed"])
	var object := Object.new()
	var elements := [object]
	object.free()
	check_error(await Nebula.all(elements), NebulaTaskError.FAILED, ["a freed object"])


# The engine has shown the error of the function.
func test_what_nobody_awaits_is_told_once() -> void:
	expect_error("no_such_thing")
	Nebula.run(fails)
	while Nebula.tasks_alive() > 0:
		await tree.process_frame


# A node awaits its own signal, and is freed.
func test_a_wait_that_nobody_awaits_ends_silently() -> void:
	var node := Waiting.new()
	Nebula.timeout(node.never, 1000.0)
	Nebula.all([node.never])
	Nebula.any([node.never])
	node.free()
	await settle()


func test_a_coroutine_whose_object_dies_ends_the_wait() -> void:
	var node := Waiting.new()
	var waiting: Variant = Nebula.all([node.wait_for_ever])
	node.free()
	check_error(await waiting, NebulaTaskError.FAILED, ["wait_for_ever", "freed"])


class Waiting:
	extends Node
	signal never

	func wait_for_ever() -> void:
		await never


func test_any_tells_which_one_was_first() -> void:
	var emitter := Emitter.new()
	var waiting: Variant = Nebula.any([never, emitter.hit])
	emitter.hit.emit(4)
	check_equal(await waiting, {"index": 1, "value": 4})
	check_equal(get_signal_connection_list("never").size(), 0, "the other is not listened to")
	check_equal(await Nebula.any([never, 5]), {"index": 1, "value": 5})
	expect_error("any of no elements")
	check_error(await Nebula.any([]), NebulaTaskError.FAILED, [])


func test_a_timeout() -> void:
	check_equal(await Nebula.timeout(Nebula.run(add.bind(1, 2)), 10.0), 3)
	var got: Variant = await Nebula.timeout(never, 0.05)
	check_error(got, NebulaTaskError.TIMED_OUT, ["0.05 s"])
	check_error(await Nebula.all([Nebula.timeout(never, 0.0)]), NebulaTaskError.TIMED_OUT, ["element 0"])
	check_equal(get_signal_connection_list("never").size(), 0)
	for seconds: float in [-1.0, NAN, INF]:
		expect_error("the time limit must be")
		check_error(await Nebula.timeout(never, seconds), NebulaTaskError.FAILED, [])


func test_an_interval() -> void:
	var beat := Nebula.interval(0.05)
	check_equal(beat.period, 0.05)
	var start := Engine.get_process_frames()  # of which there are 60 in a second of the game: run.sh
	for i in 4:
		check(await beat.next() >= 1, "a tick")
	var took := Engine.get_process_frames() - start
	check(took >= 11 and took <= 14, "four ticks of a twentieth of a second take %d frames" % took)
	check_equal(await Nebula.interval(0.01).next() >= 1, true, "of a temporary")
	for seconds: float in [0.0, -1.0, NAN, INF]:
		expect_error("an interval needs a finite period")
		check(Nebula.interval(seconds) == null, "no interval of %s s" % seconds)
	var first: Variant = beat.next()
	expect_error("something waits for this interval")
	check_error(await beat.next(), NebulaTaskError.FAILED, ["already"])
	await first
	expect_error("this interval has no period")
	check_error(await NebulaInterval.new().next(), NebulaTaskError.FAILED, ["has no period"])

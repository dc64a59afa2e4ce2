# Waits of code that is built on another binding than ours, through nebula/godot/adapter.
extends "res://task_suite.gd"


var probe := NebulaAdapterProbe.new()


func test_another_bindings_signal_gives_null_the_value_or_an_array() -> void:
	var emitter := Emitter.new()
	var tasks := [
		probe.wait_any(emitter.opened), probe.wait_any(emitter.hit), probe.wait_any(emitter.picked)
	]
	check_equal(connections(emitter), 3, "connections")
	emitter.opened.emit()
	emitter.hit.emit(7)
	emitter.picked.emit(3, "lamp")
	check_equal(probe.log_of(tasks[0]), [], "inside the emission")
	await settle()
	check_equal(probe.log_of(tasks[0]), [null])
	check_equal(probe.log_of(tasks[1]), [7])
	check_equal(probe.log_of(tasks[2]), [[3, "lamp"]])
	check_equal(connections(emitter), 0, "connections afterwards")


func test_arguments_that_there_is_no_memory_for_end_the_wait_and_not_the_program() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_any(emitter.loose)
	if not probe.refuse_spilled(12):  # a sanitizer's allocator
		return
	emitter.callv("emit_signal", ["loose"] + range(12))
	probe.refuse_spilled(0)
	await settle()
	check_equal(
		probe.log_of(task),
		["error: the object waited for was freed: signal 'loose' of a RefCounted"]
	)
	check_equal(connections(emitter), 0, "connections")


func test_typed_waits_through_the_adapter_convert_or_say_what_came() -> void:
	var emitter := Emitter.new()
	var both := probe.wait_int_string(emitter.picked)
	var lenient := probe.wait_int(emitter.found)
	var wrong := probe.wait_int(emitter.picked)
	emitter.picked.emit(3, "lamp")
	emitter.found.emit(4.0)
	await settle()
	check_equal(probe.log_of(both), [3, "lamp"])
	check_equal(probe.log_of(lenient), [4])
	check_equal(
		probe.log_of(wrong),
		[
			"error: the signal was emitted with different arguments: signal 'picked' of a RefCounted was emitted with (int, String) instead of (int)"
		]
	)


func test_an_object_comes_as_its_class_through_the_adapter_and_null_when_it_died() -> void:
	var emitter := Emitter.new()
	var node := Node.new()
	var live := probe.wait_node(emitter.found)
	emitter.found.emit(node)
	await settle()
	check_equal(probe.log_of(live), [node])
	var dead := probe.wait_node(emitter.found)
	emitter.found.emit(node)
	node.free()
	await settle()
	check(probe.log_of(dead).size() == 1 and probe.log_of(dead)[0] == null, "null")
	var other := probe.wait_node(emitter.found)
	emitter.found.emit(emitter)
	await settle()
	check(str(probe.log_of(other)[0]).begins_with("error: the signal was emitted with different"), "a class")


func test_what_cannot_be_waited_for_through_the_adapter_is_an_error_and_not_the_engines() -> void:
	var emitter := Emitter.new()
	var unknown := probe.wait_named(emitter, "no_such_signal")
	var of_null := probe.wait_named(null, "opened")
	var object := Object.new()
	var dead_signal := Signal(object, "script_changed")
	object.free()
	var dead := probe.wait_any(dead_signal)
	check_equal(probe.log_of(unknown), ["the object has no such signal"])
	check_equal(probe.log_of(of_null), ["there is no object to wait for"])
	check_equal(
		probe.log_of(dead),
		[
			"error: the object waited for was freed: signal 'script_changed' of a freed object"
		]
	)


func test_a_freed_emitter_ends_a_wait_of_the_adapter() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_named(emitter, "opened")
	emitter = null
	await settle()
	check_equal(probe.log_of(task), ["the object waited for was freed"])


func test_a_cancelled_wait_of_the_adapter_leaves_no_connection() -> void:
	var emitter := Emitter.new()
	var task := probe.wait_any(emitter.hit)
	var copy: Callable = emitter.get_signal_connection_list("hit")[0].callable
	check_equal(str(copy), "co_await signal 'hit' of a RefCounted")
	probe.cancel(task)
	check_equal(connections(emitter), 0)
	copy.call(5)
	await settle()
	check_equal(probe.log_of(task), [])


func test_emissions_of_other_threads_reach_a_wait_of_the_adapter_by_the_same_rules() -> void:
	var emitter := Emitter.new()
	for value: Variant in [1, "text", PackedByteArray([1, 2]), RefCounted.new()]:
		var task := probe.wait_any(emitter.found)
		emit_elsewhere(emitter.found, [value])
		await settle()
		check_equal(probe.log_of(task), [value])
	var confined := probe.wait_any(emitter.found)
	emit_elsewhere(emitter.found, [[1]])
	await settle()
	check_equal(
		probe.log_of(confined),
		["error: the value cannot be passed to another thread: signal 'found' of a RefCounted"]
	)


func answer_after(emitter: Emitter) -> int:
	await emitter.opened
	return 42


func test_another_bindings_object_is_awaited_as_gdscript_does() -> void:
	var emitter := Emitter.new()
	var of_coroutine := probe.wait_object(call("answer_after", emitter))
	var of_object := probe.wait_object(emitter)
	var of_null := probe.wait_object(null)
	check_equal(probe.log_of(of_object), [emitter])
	check_equal(probe.log_of(of_null), [null])
	check_equal(probe.log_of(of_coroutine), [])
	emitter.opened.emit()
	await settle()
	check_equal(probe.log_of(of_coroutine), [42])


func answer_when_it_fires(object: Object) -> int:
	await Signal(object, "fired")
	return 42


func test_a_wait_of_the_adapter_for_a_coroutine_whose_signal_dies_ends() -> void:
	var object := Object.new()
	object.add_user_signal("fired")
	var task := probe.wait_object(call("answer_when_it_fires", object))
	await settle()
	check_equal(probe.log_of(task), [])
	object.free()
	await settle()
	check_equal(
		probe.log_of(task),
		[
			"error: the object waited for was freed: signal 'completed' of a RefCounted"
		]
	)

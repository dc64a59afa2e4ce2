# Tasks of C++ that await scripts: call_async and await_variant.
extends "res://task_suite.gd"


class Shop:
	extends Node
	signal bell
	signal deep

	var reached := []

	func price() -> int:
		return 3

	func price_of(item: String, count: int) -> int:
		return item.length() * count

	func price_later() -> int:
		await bell
		return 4

	func price_after_two() -> int:
		await bell
		reached.append(1)
		await bell
		return 5

	func words() -> String:
		return "three"

	func nothing_later() -> void:
		await bell

	func the_signal() -> Signal:
		return bell


var probe := NebulaAsyncProbe.new()


func test_a_method_that_does_not_wait_gives_its_value_at_once() -> void:
	var shop := Shop.new()
	check_equal(probe.log_of(probe.call_int(shop, "price", [])), [3])
	check_equal(probe.log_of(probe.call_int(shop, "price_of", ["lamp", 2])), [8])
	check_equal(probe.log_of(probe.call_any(shop, "words")), ["three"])
	check_equal(probe.log_of(probe.call_any(shop, "get_child_count")), [0], "of the engine's own")
	shop.free()


func test_a_coroutine_of_a_script_gives_its_value_when_it_returns() -> void:
	var shop := Shop.new()
	var once := probe.call_int(shop, "price_later", [])
	var twice := probe.call_int(shop, "price_after_two", [])
	var nothing := probe.call_any(shop, "nothing_later")
	await settle()
	check_equal(probe.log_of(once), [])
	shop.bell.emit()
	await settle()
	check_equal(probe.log_of(once), [4])
	check_equal(probe.log_of(nothing), [null])
	check_equal(probe.log_of(twice), [])
	shop.bell.emit()
	await settle()
	check_equal(probe.log_of(twice), [5])
	shop.free()


func test_a_signal_that_a_method_returns_is_awaited_as_a_script_would() -> void:
	var shop := Shop.new()
	var task := probe.call_any(shop, "the_signal")
	await settle()
	check_equal(probe.log_of(task), [])
	shop.bell.emit()
	await settle()
	check_equal(probe.log_of(task), [null])
	shop.free()


func test_an_object_freed_before_its_coroutine_returned_is_an_error_not_a_hang() -> void:
	var shop := Shop.new()
	tree.root.add_child(shop)
	var task := probe.call_int(shop, "price_later", [])
	shop.queue_free()
	await settle()
	check_equal(
		probe.log_of(task),
		["error: the object waited for was freed: method 'price_later' of a Node"]
	)


func test_a_coroutine_whose_signal_died_is_an_error_not_a_hang() -> void:
	var other := Shop.new()
	var task: int = probe.await_state(self, "ring", other)
	await settle()
	check_equal(probe.log_of(task), [])
	other.free()
	await settle()
	check_equal(probe.log_of(task), ["error: the object waited for was freed: a coroutine"])


func ring(shop: Shop) -> int:
	await shop.bell
	return 9


func test_no_such_method_wrong_arguments_and_a_dead_object_are_errors_and_not_the_engines() -> void:
	var shop := Shop.new()
	check_equal(
		probe.log_of(probe.call_int(shop, "haggle", [])),
		["error: the object has no such method: method 'haggle' of a Node"]
	)
	var few := probe.log_of(probe.call_int(shop, "price_of", ["lamp"]))
	check("error: the call failed: method 'price_of' of a Node" in few[0], str(few))
	check_equal(
		probe.log_of(probe.call_int(null, "price", [])),
		["error: there is no object to wait for: method 'price' of null"]
	)
	check_equal(
		probe.log_of(probe.call_int(shop, "words", [])),
		["error: the call failed: method 'words' of a Node gave another type: String"]
	)
	shop.free()


func test_a_task_of_cpp_that_gave_no_value_is_an_error_with_its_words() -> void:
	var node := NebulaAsyncNode.new()
	var shop := Shop.new()
	var later := probe.call_int(node, "fail_after", [shop.bell])
	var at_once := probe.call_any(node, "fail_now")
	shop.bell.emit()
	await settle()
	var of := "error: the call failed: method '%s' of a NebulaAsyncNode: the node was told to"
	check_equal(probe.log_of(later), [of % "fail_after"])
	check_equal(probe.log_of(at_once), [of % "fail_now"])
	var cancelled := probe.call_int(node, "add_after", [shop.bell, 1, 2])
	node.free()
	await settle()
	check_equal(
		probe.log_of(cancelled),
		["error: the task was cancelled: method 'add_after' of a NebulaAsyncNode"]
	)
	shop.free()


func test_a_cancelled_caller_leaves_nothing_at_the_script() -> void:
	var callables := probe.callables_alive()
	var shop := Shop.new()
	var task := probe.call_int(shop, "price_later", [])
	probe.cancel(task)
	check_equal(probe.callables_alive(), callables, "callables")
	shop.bell.emit()
	await settle()
	shop.free()


func test_await_variant_does_with_any_value_what_a_script_does() -> void:
	var shop := Shop.new()
	for value: Variant in [null, 1, "x", [1], {}, shop]:
		check_equal(probe.log_of(probe.await_any(value)), [value])
	var of_signal := probe.await_any(shop.bell)
	var of_state: int = probe.await_state(self, "ring", shop)
	var of_task := probe.await_any(probe.task_after(shop.bell, 6))
	var of_done := probe.await_any(probe.done_task(7))
	check_equal(probe.log_of(of_done), [7])
	shop.bell.emit()
	await settle()
	check_equal(probe.log_of(of_signal), [null])
	check_equal(probe.log_of(of_state), [9])
	check_equal(probe.log_of(of_task), [6])
	shop.free()


func test_a_script_awaits_cpp_that_awaits_a_script() -> void:
	var shop := Shop.new()
	var task := probe.call_task(shop, "price_later")
	var got := []
	var listen := func() -> void: got.append(await task.wait())
	listen.call()
	shop.bell.emit()
	await settle()
	check_equal(got, [4])
	shop.free()

# Closures of ours as Callables, and signals from our side.
extends "res://test_suite.gd"


func test_a_closure_is_called_with_converted_arguments() -> void:
	var adder: Callable = NebulaBindingProbe.new().make_callable(40, null)
	check_equal(adder.call(2, "n"), "n42")
	check_equal(adder.call(2.0, &"n"), "n42")
	check_equal(str(adder), "Probe.adder")
	check(adder.is_valid() and adder.is_custom(), "valid and custom")


func test_a_closure_called_with_wrong_arguments_is_an_error_and_no_call() -> void:
	var adder: Callable = NebulaBindingProbe.new().make_callable(40, null)
	expect_error("Probe.adder")
	call_badly(adder)


func call_badly(adder: Callable) -> void:
	adder.call(2)


func test_a_closure_that_throws_is_an_engine_error() -> void:
	var thrower: Callable = NebulaBindingProbe.new().make_thrower()
	expect_error("Probe.thrower: from a closure")
	check(thrower.call() == null, "null comes back")


# A script keeps the result of a call until the function that called returns, so in the tests that
# watch a closure go, a function of its own makes it.
func add_copies(probe: NebulaBindingProbe, copies: Array) -> void:
	var adder: Callable = probe.make_callable(1, null)
	for i in 100:
		copies.append(adder)


func connect_adder(probe: NebulaBindingProbe, emitted: Signal, owner: Object) -> void:
	emitted.connect(probe.make_callable(5, owner))


func keep_adder(probe: NebulaBindingProbe) -> void:
	probe.keep(probe.make_callable(5, null))


func defer_adder(probe: NebulaBindingProbe) -> void:
	probe.make_callable(5, null).call_deferred(1, "x")


func test_a_closure_is_freed_exactly_once_when_its_last_copy_goes() -> void:
	var alive: int = NebulaProbe.closures_alive()
	var destroyed: int = NebulaProbe.closures_destroyed()
	var copies: Array = []
	add_copies(NebulaBindingProbe.new(), copies)
	check_equal(NebulaProbe.closures_alive(), alive + 1)
	check_equal(NebulaProbe.closures_destroyed(), destroyed, "copies keep it")
	copies.clear()
	check_equal(NebulaProbe.closures_alive(), alive)
	check_equal(NebulaProbe.closures_destroyed(), destroyed + 1)
	check_equal(NebulaProbe.callables_alive(), 0)


func test_a_closure_is_called_and_freed_on_another_thread() -> void:
	var probe := NebulaBindingProbe.new()
	var destroyed: int = NebulaProbe.closures_destroyed()
	keep_adder(probe)
	check_equal(probe.call_on_thread(2), "t7")
	check_equal(NebulaProbe.closures_destroyed(), destroyed, "kept")
	probe.drop_on_thread()
	check_equal(NebulaProbe.closures_destroyed(), destroyed + 1)


func test_a_closure_connected_to_a_signal_is_freed_with_the_emitter() -> void:
	var probe := NebulaBindingProbe.new()
	var destroyed: int = NebulaProbe.closures_destroyed()
	var node := Node.new()
	connect_adder(probe, node.renamed, null)
	check_equal(NebulaProbe.closures_destroyed(), destroyed, "connected")
	node.free()
	check_equal(NebulaProbe.closures_destroyed(), destroyed + 1, "emitter freed")


func test_a_closure_with_an_owner_is_freed_with_the_owner() -> void:
	var probe := NebulaBindingProbe.new()
	var destroyed: int = NebulaProbe.closures_destroyed()
	var emitter := Node.new()
	var owner := Node.new()
	connect_adder(probe, emitter.renamed, owner)
	owner.free()
	check_equal(NebulaProbe.closures_destroyed(), destroyed + 1, "owner freed")
	check_equal(emitter.renamed.get_connections().size(), 0, "disconnected")
	emitter.free()


func test_signals_are_connected_and_emitted_from_our_side() -> void:
	var probe := NebulaBindingProbe.new()
	var node := Node.new()
	node.add_user_signal("told", [{"name": "what", "type": TYPE_STRING}])
	var told := Signal(node, "told")
	var heard: Array = []
	told.connect(func(what: Variant) -> void: heard.append(what))
	probe.connect_counter(told)
	probe.emit_through(told, "news")
	check_equal(heard, ["news"])
	check_equal(probe.counted(), 1)
	node.free()


func test_a_deferred_closure_runs_later_in_the_frame() -> void:
	var probe := NebulaBindingProbe.new()
	var destroyed: int = NebulaProbe.closures_destroyed()
	defer_adder(probe)
	check_equal(NebulaProbe.closures_destroyed(), destroyed, "still queued")
	await tree.process_frame
	await tree.process_frame
	check_equal(NebulaProbe.closures_destroyed(), destroyed + 1, "called and let go")

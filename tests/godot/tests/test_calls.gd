# Calls that go wrong are told properly and end nothing.
extends "res://test_suite.gd"


func test_defaults_stand_in_for_arguments_left_out() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	check_equal(probe.add(2, 3), 5)
	check_equal(probe.add(2), 3)
	check_equal(probe.describe(1), "1b1.5")
	check_equal(probe.describe(1, "x"), "1x1.5")
	check_equal(probe.describe(1, "x", 2), "1x2.0")
	var typed_probe := NebulaBindingProbe.new()
	check_equal(typed_probe.add(2), 3, "typed")
	check_equal(typed_probe.describe(1, "y"), "1y1.5", "typed")


func test_a_static_method_needs_no_instance() -> void:
	check_equal(NebulaBindingProbe.twice(21), 42)


func test_too_many_arguments_are_a_script_error() -> void:
	expect_error("Invalid call to function 'add' in base 'NebulaBindingProbe'. Expected 2 argument(s)")
	call_add([1, 2, 3])
	check(true, "still here")


func test_too_few_arguments_are_a_script_error() -> void:
	expect_error("Expected 1 argument(s)")
	call_add([])


func test_an_argument_of_the_wrong_type_is_a_script_error_that_names_it() -> void:
	expect_error("Invalid type in function 'add' in base 'NebulaBindingProbe'. Cannot convert argument 2 from Array to int")
	call_add([1, []])


func test_an_object_of_the_wrong_class_is_a_script_error() -> void:
	expect_error("Invalid type in function 'echo_node'")
	call_with_resource()


func test_a_freed_object_as_argument_is_a_script_error_and_no_crash() -> void:
	expect_error("Invalid type in function 'echo_node'")
	call_with_freed()


func test_an_exception_becomes_an_engine_error_that_names_the_method() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	expect_error("NebulaBindingProbe.throw_int: told you so")
	check_equal(probe.throw_int("told you so"), 0, "result of an untyped call")
	var typed_probe := NebulaBindingProbe.new()
	expect_error("NebulaBindingProbe.throw_int: and again")
	var number: int = typed_probe.throw_int("and again")
	check_equal(number, 0, "result of a typed call")


func test_something_thrown_that_is_no_exception_becomes_an_engine_error_too() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	expect_error("NebulaBindingProbe.throw_odd: an exception of type int")
	check(probe.throw_odd() == null, "null comes back")


func test_an_untyped_call_that_threw_gives_an_empty_value_of_the_right_type() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	expect_error("NebulaBindingProbe.throw_transform: no transform")
	check_equal(probe.throw_transform(), Transform3D(), "a plain struct")
	expect_error("NebulaBindingProbe.throw_list: no list")
	check_equal(probe.throw_list(), PackedInt32Array(), "a value of the engine's")


func test_a_method_called_on_a_null_handle_is_an_engine_error_that_names_it() -> void:
	var probe := NebulaBindingProbe.new()
	expect_error("NebulaBindingProbe.call_on_null: Node.get_name called on null")
	check_equal(probe.call_on_null(), "")


func test_reading_beyond_an_array_is_an_engine_error() -> void:
	var probe := NebulaBindingProbe.new()
	expect_error("index 3 of an Array of size 1")
	check(probe.read_beyond([5], 3) == null, "null comes back")
	check_equal(probe.read_beyond([5], 0), 5)


func test_a_constructor_that_throws_is_an_engine_error_and_gives_null() -> void:
	expect_error("NebulaProbeThrower's constructor: no such instance today")
	check(ClassDB.instantiate("NebulaProbeThrower") == null, "null comes back")


func test_engine_singletons_are_called_from_our_side() -> void:
	check_equal(NebulaBindingProbe.new().engine_ticks(), Engine.physics_ticks_per_second)


func test_our_log_lines_are_the_engines_errors_and_warnings() -> void:
	var probe := NebulaBindingProbe.new()
	expect_error("a bad line (res://tests/test_calls.gd:")
	probe.log_line(3, "a bad line")
	probe.log_line(2, "a warning is no error (expected)")
	probe.log_line(0, "a debug line")


func call_add(arguments: Array) -> void:
	var probe: Variant = NebulaBindingProbe.new()
	match arguments.size():
		0: probe.add()
		2: probe.add(arguments[0], arguments[1])
		3: probe.add(arguments[0], arguments[1], arguments[2])


func call_with_resource() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	var resource: Variant = Resource.new()
	probe.echo_node(resource)


func call_with_freed() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	var node: Variant = Node.new()
	node.free()
	probe.echo_node(node)

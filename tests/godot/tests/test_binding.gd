extends "res://test_suite.gd"


func test_a_method_of_ours_is_called_with_and_without_its_default() -> void:
	var probe := NebulaBindingProbe.new()
	check_equal(probe.add(2, 3), 5)
	check_equal(probe.add(2), 3)

# What the editor's help (F1) has of our classes.
extends "res://test_suite.gd"


func test_every_class_method_property_signal_and_constant_has_a_text() -> void:
	var missing: PackedStringArray = ClassDB.class_call_static("NebulaPump", "_missing_help_texts")
	check(missing.is_empty(), "no text for " + ", ".join(missing))


func test_what_is_for_our_own_use_is_in_no_list() -> void:
	expect_error('Could not find type "NebulaPump"')
	var script := GDScript.new()
	script.source_code = "var pump: NebulaPump\n"
	check(script.reload() != OK, "a script may name NebulaPump")


func test_a_method_that_returns_an_error_code_says_so() -> void:
	for method in ClassDB.class_get_method_list("VoxelTerrain", true):
		if method.name == "dig_sphere":
			check_equal(method.return.class_name, &"Error")
			check(method.return.usage & PROPERTY_USAGE_CLASS_IS_ENUM, "an enum")
			return
	check(false, "there is dig_sphere")

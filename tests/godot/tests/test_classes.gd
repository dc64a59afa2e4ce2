# What the engine knows about our classes: properties, signals, virtuals, constants, parents.
extends "res://test_suite.gd"


func property(object: Object, name: String) -> Dictionary:
	for entry in object.get_property_list():
		if entry.name == name:
			return entry
	return {}


func test_properties_carry_type_hint_group_and_usage() -> void:
	var node := NebulaProbeNode.new()
	var distance := property(node, "view_distance")
	check_equal(distance.type, TYPE_FLOAT)
	check_equal(distance.hint, PROPERTY_HINT_RANGE)
	check_equal(distance.hint_string, "32,1024,0.5,suffix:m")
	check_equal(distance.usage & PROPERTY_USAGE_DEFAULT, PROPERTY_USAGE_DEFAULT)
	var material := property(node, "look_material")
	check_equal(material.type, TYPE_OBJECT)
	check_equal(material.hint, PROPERTY_HINT_RESOURCE_TYPE)
	check_equal(material.hint_string, "Resource")
	check_equal(property(node, "notes").hint, PROPERTY_HINT_MULTILINE_TEXT)
	check_equal(property(node, "mode").hint, PROPERTY_HINT_ENUM)
	check_equal(property(node, "target").hint, PROPERTY_HINT_NODE_TYPE)
	check_equal(property(node, "target").hint_string, "Node3D")
	check_equal(property(node, "age").usage & PROPERTY_USAGE_READ_ONLY, PROPERTY_USAGE_READ_ONLY)
	check_equal(property(node, "Streaming").usage, PROPERTY_USAGE_GROUP)
	check_equal(property(node, "Look").usage, PROPERTY_USAGE_SUBGROUP)
	node.free()


func test_properties_are_set_and_read() -> void:
	var node := NebulaProbeNode.new()
	check_equal(node.view_distance, 256.0)
	node.view_distance = 64
	check_equal(node.get_view_distance(), 64.0)
	node.set("notes", "ü")
	check_equal(node.notes, "ü")
	var material := StandardMaterial3D.new()
	node.look_material = material
	check(node.look_material == material, "the material comes back")
	node.look_material = null
	check_equal(material.get_reference_count(), 1)
	check_equal(node.age, 7.5)
	var target := Node3D.new()
	node.target = target
	check(node.target == target, "the target comes back")
	target.free()
	check(node.target == null, "a freed target is null")
	node.free()


func test_properties_of_ours_are_kept_in_a_packed_scene() -> void:
	var node := NebulaProbeNode.new()
	node.view_distance = 99.5
	var scene := PackedScene.new()
	check_equal(scene.pack(node), OK)
	node.free()
	var copy: NebulaProbeNode = scene.instantiate()
	check_equal(copy.view_distance, 99.5)
	copy.free()


func test_the_engine_calls_our_virtuals() -> void:
	var node := NebulaProbeNode.new()
	tree.root.add_child(node)
	await tree.process_frame
	await tree.process_frame
	check_equal(node.ready_calls(), 1)
	check(node.process_seconds() > 0, "_process was called with a time")
	check_equal(node.notifications_of(Node.NOTIFICATION_READY), 1)
	check_equal(node.notifications_of(Object.NOTIFICATION_POSTINITIALIZE), 1, "made by a script")
	node.queue_free()
	await tree.process_frame
	check(not is_instance_valid(node), "freed")


func test_a_node_we_make_ourselves_is_told_that_it_is_initialised_once() -> void:
	var node := NebulaBindingProbe.new().make_node()
	check_equal(node.notifications_of(Object.NOTIFICATION_POSTINITIALIZE), 1)
	node.free()


func test_a_virtual_of_ours_gives_its_result_and_an_empty_one_when_it_throws() -> void:
	var resource := NebulaProbeResource.new()
	check_equal(resource.get_rid().get_id(), 1004)
	resource.octaves = 9
	expect_error("NebulaProbeResource._get_rid: no RID for so many octaves")
	check(not resource.get_rid().is_valid(), "an empty result")


func test_a_class_of_ours_may_have_a_parent_of_ours() -> void:
	var node := NebulaProbeChild.new()
	tree.root.add_child(node)
	check_equal(node.ready_calls(), 1, "the parent's virtual")
	check_equal(node.child_ready_notifications(), 1, "the child's notification")
	check_equal(node.notifications_of(Node.NOTIFICATION_READY), 1, "the parent's notification")
	node.view_distance = 50
	check_equal(node.view_distance, 50.0, "the parent's property")
	check(NebulaBindingProbe.new().own_node(node) == node, "passes for its parent")
	node.free()


func test_a_script_may_override_a_method_of_ours() -> void:
	var plain := NebulaProbeNode.new()
	check_equal(plain.compute(4), 8, "not overridden")
	plain.free()
	var script := GDScript.new()
	script.source_code = "extends NebulaProbeNode\nfunc _compute(input: int) -> int:\n\treturn input + 100\n"
	check_equal(script.reload(), OK)
	var node: NebulaProbeNode = script.new()
	check_equal(node.compute(4), 104, "overridden")
	node.free()


func test_signals_carry_typed_arguments() -> void:
	var node := NebulaProbeNode.new()
	var entry: Dictionary
	for candidate in node.get_signal_list():
		if candidate.name == "measured":
			entry = candidate
	check_equal(entry.args.size(), 3)
	check_equal(entry.args[0].name, "count")
	check_equal(entry.args[0].type, TYPE_INT)
	check_equal(entry.args[1].type, TYPE_VECTOR3)
	check_equal(entry.args[2].class_name, &"Node3D")
	node.position = Vector3(1, 2, 3)
	var seen: Array = []
	node.measured.connect(func(a: int, b: Vector3, c: Node3D) -> void: seen.append_array([a, b, c]))
	node.emit_measured(5)
	check_equal(seen, [5, Vector3(1, 2, 3), node])
	node.free()


func test_a_signal_of_ours_can_be_awaited() -> void:
	var node := NebulaProbeNode.new()
	node.emit_measured.call_deferred(3)
	var arguments: Array = await node.measured
	check_equal(arguments[0], 3)
	node.queue_free()  # the emission is still under way


func test_constants_and_enums_are_seen_by_scripts() -> void:
	check_equal(NebulaProbeNode.MOST, 42)
	check_equal(NebulaProbeNode.MODE_WILD, 1)
	check_equal(ClassDB.class_get_enum_constants("NebulaProbeNode", "Mode", true).size(), 2)


func test_methods_are_listed_with_their_arguments_and_defaults() -> void:
	for method in ClassDB.class_get_method_list("NebulaBindingProbe", true):
		if method.name == "describe":
			check_equal(method.args[2].name, "c")
			check_equal(method.args[2].type, TYPE_FLOAT)
			check_equal(method.default_args, ["b", 1.5])
			check_equal(method.return.type, TYPE_STRING)
			return
	check(false, "describe is not listed")


func test_our_singleton_is_a_global() -> void:
	check(Engine.has_singleton("NebulaProbe"), "it is registered")
	check(Engine.get_singleton("NebulaProbe") == NebulaProbe, "by the name scripts use")


func test_main_loop_hooks_run_at_start_and_once_a_frame() -> void:
	check_equal(NebulaProbe.startups(), 1)
	var before: int = NebulaProbe.frames()
	await tree.process_frame
	await tree.process_frame
	check_equal(NebulaProbe.frames() - before, 2)


func test_our_classes_are_described_for_the_editors_help() -> void:
	var parser := XMLParser.new()
	check_equal(parser.open_buffer(NebulaProbe.docs_of("NebulaProbeNode").to_utf8_buffer()), OK)
	var names: Array = []
	var texts: Array = []
	while parser.read() == OK:
		if parser.get_node_type() == XMLParser.NODE_ELEMENT and parser.has_attribute("name"):
			names.append(parser.get_named_attribute_value("name"))
		elif parser.get_node_type() == XMLParser.NODE_TEXT:
			texts.append(parser.get_node_data().strip_edges())
	for name in ["NebulaProbeNode", "compute", "_compute", "view_distance", "measured", "who", "MODE_WILD"]:
		check(name in names, name + " is described")
	check("A node that counts what the engine calls on it." in texts, "the brief")
	check("Calls _compute of the script, or doubles." in texts, "the method")
	check("How far one sees, <here> & there." in texts, "the property, unescaped")

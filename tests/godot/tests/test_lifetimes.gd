# Counts are exact: nothing is leaked, nothing is freed twice.
extends "res://test_suite.gd"


func test_a_resource_we_make_comes_with_exactly_one_count() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	var untyped: Variant = probe.make_resource()
	check_equal(untyped.get_reference_count(), 1, "from an untyped call")
	var typed_probe := NebulaBindingProbe.new()
	var typed: Resource = typed_probe.make_resource()
	check_equal(typed.get_reference_count(), 1, "from a typed call")


func test_a_resource_we_hold_lives_until_we_let_go() -> void:
	var probe := NebulaBindingProbe.new()
	var resource := Resource.new()
	var watch: WeakRef = weakref(resource)
	probe.hold(resource)
	check_equal(resource.get_reference_count(), 2, "held")
	check_equal(probe.copies_of_held(50), 2 + 50 + 50 + 1, "while copied")
	check_equal(resource.get_reference_count(), 2, "after the copies are gone")
	check(probe.held() == resource, "the same comes back")
	check_equal(resource.get_reference_count(), 2, "after it was given back for a moment")
	resource = null
	check(watch.get_ref() != null, "alive while we hold it")
	probe.hold(null)
	check(watch.get_ref() == null, "gone when nobody holds it")


func test_passing_a_resource_through_changes_no_count() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	var typed_probe: NebulaBindingProbe = probe
	var resource := Resource.new()
	for i in 100:
		probe.echo_resource(resource)
		typed_probe.echo_resource(resource)
		probe.echo_variant(resource)
		probe.echo_object(resource)
		probe.echo_array([resource])
	check_equal(resource.get_reference_count(), 1)


func test_our_own_resource_is_made_read_and_freed_with_its_instance() -> void:
	var alive: int = NebulaProbe.instances_alive()
	var probe := NebulaBindingProbe.new()
	var resource: NebulaProbeResource = probe.make_own_resource()
	check_equal(resource.octaves, 6)
	check_equal(resource.get_reference_count(), 1)
	check_equal(probe.octaves_of(resource), 6)
	check_equal(probe.octaves_of(null), -1)
	check_equal(NebulaProbe.instances_alive(), alive + 2)
	resource = null
	probe = null
	check_equal(NebulaProbe.instances_alive(), alive)


func test_our_own_node_is_made_recognised_and_freed_with_its_instance() -> void:
	var alive: int = NebulaProbe.instances_alive()
	var probe := NebulaBindingProbe.new()
	var node := probe.make_node()
	check(node is NebulaProbeNode, "it is of our class")
	check(probe.own_node(node) == node, "we find our instance behind it")
	check(probe.own_node(null) == null, "null has none")
	check_equal(NebulaProbe.instances_alive(), alive + 2)
	node.free()
	check_equal(NebulaProbe.instances_alive(), alive + 1)


func test_a_node_of_another_class_is_no_instance_of_ours() -> void:
	var node := Node3D.new()
	expect_error("Invalid type in function 'own_node'")
	pass_as_own(node)
	node.free()


func pass_as_own(node: Variant) -> void:
	var probe: Variant = NebulaBindingProbe.new()
	probe.own_node(node)


func test_a_cast_gives_null_for_another_class() -> void:
	var probe := NebulaBindingProbe.new()
	var node := Node.new()
	var node_3d := Node3D.new()
	var own := NebulaProbeNode.new()
	check(probe.as_node_3d(node) == null, "a Node is no Node3D")
	check(probe.as_node_3d(node_3d) == node_3d, "a Node3D is one")
	check(probe.as_node_3d(own) == own, "so is one of ours")
	check(probe.as_node_3d(null) == null, "null stays null")
	node.free()
	node_3d.free()
	own.free()


func test_an_object_id_knows_when_its_object_is_gone() -> void:
	var probe := NebulaBindingProbe.new()
	check(not probe.remembered_is_alive(), "nothing remembered")
	var node := Node.new()
	probe.remember(node)
	check(probe.remembered_is_alive(), "alive")
	node.free()
	check(not probe.remembered_is_alive(), "gone")


func test_a_resource_of_ours_is_saved_and_loaded() -> void:
	var path := "user://probe_%d.tres" % Time.get_ticks_usec()
	var resource := NebulaProbeResource.new()
	resource.octaves = 7
	check_equal(ResourceSaver.save(resource, path), OK)
	var loaded: NebulaProbeResource = ResourceLoader.load(path, "", ResourceLoader.CACHE_MODE_IGNORE)
	check_equal(loaded.octaves, 7)
	DirAccess.remove_absolute(path)

# Who may call our classes from which thread: every method refuses other threads than the main one
# with one error line and an error value, unless it says otherwise; objects that a thread is just
# building are that thread's.
extends "res://task_suite.gd"

const ANY_THREAD := ["NebulaTask.cancel"]  # and all of NebulaTaskError, which never changes


# Runs `call` on another thread and returns what it returned.
func elsewhere(call: Callable) -> Variant:
	var thread := Thread.new()
	thread.start(call)
	return thread.wait_to_finish()


func expect_refusal(method: String) -> void:
	expect_error("%s may only be called on the main thread" % method)


func our_classes() -> PackedStringArray:
	var names: PackedStringArray
	for name in ClassDB.get_class_list():
		var ours := ClassDB.class_get_api_type(name) == ClassDB.API_EXTENSION
		if ours and name not in ["NebulaTaskError", "NebulaPump"]:
			names.append(name)
	return names


func value_of(type: int) -> Variant:
	return type_convert(null, type) if type != TYPE_NIL else null


# Calls every method of the object's class on a Thread, by name: the list comes from the engine, so
# a new method is in it without anybody thinking of this test.
func check_all_methods_are_refused(object: Object) -> void:
	var calls := []
	for method in ClassDB.class_get_method_list(object.get_class(), true):
		var full: String = object.get_class() + "." + method.name
		if method.flags & METHOD_FLAG_VIRTUAL or full in ANY_THREAD:
			continue
		expect_refusal(full)
		calls.append([method, method.args.map(func(a: Dictionary) -> Variant: return value_of(a.type))])
	check(not calls.is_empty(), "it has methods of its own")
	var results: Array = elsewhere(
		func() -> Array:
			return calls.map(func(c: Array) -> Variant: return object.callv(c[0].name, c[1]))
	)
	for i in calls.size():
		var method: Dictionary = calls[i][0]
		var result: Variant = results[i]
		var what: String = method.name + " on another thread"
		if method.return.class_name == "Error":
			check_equal(result, ERR_UNAVAILABLE, what)
		elif method.return.type not in [TYPE_NIL, TYPE_OBJECT]:
			check_equal(typeof(result), method.return.type, what)


func test_every_method_of_every_class_refuses_another_thread() -> void:
	check("VoxelTerrain" in our_classes(), "the list has the terrain")
	for name in our_classes():
		if not ClassDB.can_instantiate(name):
			continue  # abstract: its children have its methods
		var object: Object = Nebula if name == "NebulaServer" else ClassDB.instantiate(name)
		if object is Node:
			tree.root.add_child(object)
		check_all_methods_are_refused(object)
		if object is Node:
			object.free()


func test_a_typed_call_is_refused_as_an_untyped_one_is() -> void:
	var terrain := VoxelTerrain.new()
	tree.root.add_child(terrain)
	var untyped: Variant = terrain
	expect_refusal("VoxelTerrain.dig_sphere")
	expect_refusal("VoxelTerrain.dig_sphere")
	expect_refusal("VoxelTerrain.raycast")
	var got: Array = elsewhere(
		func() -> Array:
			var typed: Error = terrain.dig_sphere(Vector3.ZERO, 4.0)
			return [
				typed,
				untyped.dig_sphere(Vector3.ZERO, 4.0),
				terrain.raycast(Vector3.UP, Vector3.DOWN, 10.0)
			]
	)
	check_equal(got, [ERR_UNAVAILABLE, ERR_UNAVAILABLE, {}])
	terrain.free()


func test_a_worker_of_the_engines_pool_is_refused_too() -> void:
	var terrain := VoxelTerrain.new()
	tree.root.add_child(terrain)
	var got := [OK]
	expect_refusal("VoxelTerrain.add_sphere")
	var id := WorkerThreadPool.add_task(
		func() -> void: got[0] = terrain.add_sphere(Vector3.ZERO, 4.0)
	)
	WorkerThreadPool.wait_for_task_completion(id)
	check_equal(got[0], ERR_UNAVAILABLE)
	terrain.free()


func test_the_error_points_at_the_line_of_the_script() -> void:
	expect_error("test_threads.gd:")
	elsewhere(func() -> int: return Nebula.worker_count())


func test_a_refusal_that_must_be_text_is_text() -> void:
	expect_refusal("NebulaServer.set_thread_count")
	var got: String = elsewhere(func() -> String: return Nebula.set_thread_count(2))
	check("may only be called on the main thread" in got, got)


func test_a_property_of_a_node_in_the_tree_is_refused() -> void:
	var terrain := VoxelTerrain.new()
	tree.root.add_child(terrain)
	var before := terrain.view_distance
	expect_refusal("VoxelTerrain.set_view_distance")
	elsewhere(func() -> void: terrain.view_distance = before + 32.0)
	check_equal(terrain.view_distance, before)
	terrain.free()


func test_a_thread_may_build_what_the_main_thread_then_uses() -> void:
	var built: VoxelTerrain = elsewhere(
		func() -> VoxelTerrain:
			var terrain := VoxelTerrain.new()
			terrain.generator = VoxelFlatGenerator.new()
			terrain.generator.height = 3.0
			terrain.view_distance = 48.0
			return terrain
	)
	check_equal(built.view_distance, 48.0)
	check_equal(built.generator.height, 3.0)
	expect_refusal("VoxelTerrain.set_view_distance")
	elsewhere(func() -> void: built.view_distance = 64.0)
	check_equal(built.view_distance, 48.0)
	built.free()


func test_a_scene_with_a_terrain_loads_on_a_thread() -> void:
	var path := "res://data/terrain_scene.tscn"
	check_equal(ResourceLoader.load_threaded_request(path, "", true), OK)
	while ResourceLoader.load_threaded_get_status(path) == ResourceLoader.THREAD_LOAD_IN_PROGRESS:
		await tree.process_frame
	var scene: PackedScene = ResourceLoader.load_threaded_get(path)
	# As a game that makes its levels in the background does.
	var terrain: VoxelTerrain = elsewhere(func() -> Node: return scene.instantiate())
	check_equal(terrain.view_distance, 40.0)
	check_equal(terrain.generator.octaves, 3)
	tree.root.add_child(terrain)
	await settle()
	terrain.free()

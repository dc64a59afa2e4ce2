# Who may call our classes from which thread: every method refuses other threads than the main one
# with one error line and an error value, unless it says otherwise; objects that a thread is just
# building are that thread's. Resources are for every thread. What a thread frees ends well.
extends "res://task_suite.gd"

# And all of NebulaTaskError, which never changes.
const ANY_THREAD := ["NebulaTask.cancel", "NebulaServer.stop_requested"]


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


func is_resource(name: String) -> bool:
	return ClassDB.is_parent_class(name, "Resource")


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
		expect_refusal(full.replace("NebulaServer", "Nebula"))
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
		if is_resource(name):
			continue  # see below
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
	expect_refusal("Nebula.set_thread_count")
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
	# Not load_threaded_request(): with sub-threads, Godot 4.6 leaks a RefCounted in some runs, also of
	# a project without Nebula.
	var scene: PackedScene = elsewhere(func() -> PackedScene: return load(path))
	# As a game that makes its levels in the background does.
	var terrain: VoxelTerrain = elsewhere(func() -> Node: return scene.instantiate())
	check_equal(terrain.view_distance, 40.0)
	check_equal(terrain.generator.octaves, 3)
	tree.root.add_child(terrain)
	await settle()
	terrain.free()


# --- Resources -----------------------------------------------------------------------------------


# One of each of our resources, with a value in every property that is not the default.
func tuned_resources() -> Array[Resource]:
	var all: Array[Resource]
	for name in our_classes():
		if not is_resource(name) or not ClassDB.can_instantiate(name):
			continue
		var resource: Resource = ClassDB.instantiate(name)
		for property in stored(resource):
			var before: Variant = resource.get(property.name)
			resource.set(property.name, other_value(property, before))
			check(resource.get(property.name) != before, "%s.%s differs" % [name, property.name])
		all.append(resource)
	return all


# Of 2 points along each axis: the record of the edit that pastes it, in the oldest version.
func data_of_a_stamp() -> PackedByteArray:
	var out := StreamPeerBuffer.new()
	out.data_array = PackedByteArray([1, 2])
	out.seek(2)
	for number: float in [1, 0, 0, 0, 0, 0, 1, 0]:
		out.put_float(number)
	out.put_data([0, 0, 0, 0, 0, 0, 0, 0, 5])
	for number: float in [0, 0, 0, 0, 0, 0, 1]:
		out.put_float(number)
	for edge in 3:
		out.put_32(2)
	for point in 8:
		out.put_16(32)
	return out.data_array


func other_value(property: Dictionary, before: Variant) -> Variant:
	match property.type:
		TYPE_STRING, TYPE_STRING_NAME:
			return "some text"
		TYPE_BOOL:
			return not before
		TYPE_VECTOR3:
			return Vector3(1, 2, 3)
		TYPE_VECTOR3I:
			return Vector3i(1, 2, 3)
		TYPE_PACKED_BYTE_ARRAY:
			return data_of_a_stamp()
		TYPE_COLOR:
			return Color.RED
		TYPE_PACKED_INT32_ARRAY:
			return PackedInt32Array([2, 5])
	if property.hint == PROPERTY_HINT_ENUM:
		return 1
	if property.hint != PROPERTY_HINT_RANGE:
		return 99.0
	var range: PackedStringArray = property.hint_string.split(",")
	return lerpf(float(range[0]), float(range[1]), 0.25)


func stored(resource: Resource) -> Array[Dictionary]:
	# Resources in resources are the engine's to save, and come back as other objects.
	return ClassDB.class_get_property_list(resource.get_class(), true).filter(
		func(p: Dictionary) -> bool:
			return (
				p.usage & PROPERTY_USAGE_STORAGE != 0 and p.type != TYPE_OBJECT and p.type != TYPE_ARRAY
			)
	)


func check_same(got: Resource, wanted: Resource, how: String) -> void:
	for property in stored(wanted):
		var what := "%s.%s %s" % [wanted.get_class(), property.name, how]
		check_equal(got.get(property.name), wanted.get(property.name), what)


# The engine takes the empty value of a refused getter for the value: it saved zeros, and said OK.
func test_resources_keep_their_values_when_a_thread_saves_or_copies_them() -> void:
	var resources := tuned_resources()
	check(resources.size() >= 2, "there are resources")
	for resource in resources:
		var path := "user://saved_on_a_thread.tres"
		var copy: Resource = elsewhere(func() -> Resource: return resource.duplicate())
		check_same(copy, resource, "duplicated on a thread")
		check_equal(elsewhere(func() -> Error: return ResourceSaver.save(resource, path)), OK)
		check_same(ResourceLoader.load(path, "", ResourceLoader.CACHE_MODE_IGNORE), resource, "saved")
		DirAccess.remove_absolute(path)


func test_a_thread_instances_a_scene_whose_resources_are_its_own() -> void:
	# The main thread has used it: the thread copies its resource_local_to_scene generator.
	var scene: PackedScene = load("res://data/terrain_scene.tscn")
	var here: VoxelTerrain = scene.instantiate()
	check_equal(here.generator.octaves, 3)
	var there: VoxelTerrain = elsewhere(func() -> Node: return scene.instantiate())
	check(there.generator != here.generator, "it has a generator of its own")
	check_equal(there.generator.octaves, 3)
	here.free()
	there.free()


func test_threads_may_change_and_read_one_resource_at_once() -> void:
	var noise := VoxelNoiseGenerator.new()
	var work := func() -> void:
		for i in 200:
			noise.octaves = 1 + i % 12
			noise.duplicate()
	var threads := [Thread.new(), Thread.new()]
	for thread: Thread in threads:
		thread.start(work)
	for i in 200:
		noise.seed = i
	for thread: Thread in threads:
		thread.wait_to_finish()
	check_equal(noise.seed, 199)


func test_a_thread_reads_a_node_that_is_outside_the_tree() -> void:
	var terrain := VoxelTerrain.new()
	terrain.view_distance = 80.0
	var copy: VoxelTerrain = elsewhere(func() -> Node: return terrain.duplicate())
	check_equal(copy.view_distance, 80.0)
	copy.free()
	terrain.free()


# --- Ends and notifications ----------------------------------------------------------------------


func test_a_terrain_that_a_thread_frees_ends_on_the_main_thread() -> void:
	for round in 4:
		var terrain := VoxelTerrain.new()
		terrain.generator = VoxelFlatGenerator.new()
		terrain.view_distance = 64.0
		terrain.detail_distance = 64.0
		tree.root.add_child(terrain)
		for i in 3 * round:
			await tree.process_frame
		terrain.dig_sphere(Vector3.ZERO, 6.0)
		tree.root.remove_child(terrain)
		elsewhere(terrain.free)  # its world is alive, its edit is not shown yet
		check(not is_instance_valid(terrain), "it is gone at once")
		for i in 3:
			await tree.process_frame
		check_equal(Nebula.live_engine_resources(), 0, "meshes left in round %d" % round)
		check_equal(terrain_tasks(), 0, "tasks left in round %d" % round)


func terrain_tasks() -> int:
	return Nebula.live_tasks().filter(func(t: Dictionary) -> bool: return "Terrain" in t.name).size()


func test_who_waits_for_a_terrain_that_a_thread_frees_is_answered() -> void:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelNoiseGenerator.new()
	var waiting: Signal = terrain.wait_loaded()
	elsewhere(terrain.free)
	check_equal(await waiting, false)


signal never


# A node that waits for an answer is in a list of the main thread.
func test_an_rpc_node_that_a_thread_frees_leaves_the_frames_polls() -> void:
	for round in 20:
		var nodes := []
		for i in 20:
			var rpc := NebulaRpc.new()
			rpc.name = "Rpc%d" % i
			tree.root.add_child(rpc)
			rpc.serve("later", func(_peer: int) -> int:
				await never
				return 1)
			var answer: Signal = rpc.request(tree.get_multiplayer().get_unique_id(), "later", [])
			answer.connect(func(got: Variant) -> void: check(got is NebulaTaskError, "it ends"))
			nodes.append(rpc)
		for rpc: Node in nodes:
			tree.root.remove_child(rpc)
		var thread := Thread.new()
		thread.start(func() -> void: nodes.map(func(rpc: Node) -> void: rpc.free()))
		await tree.process_frame
		thread.wait_to_finish()
	await tree.process_frame
	await tree.process_frame


func test_every_class_may_be_freed_on_a_thread() -> void:
	for name in our_classes():
		if not ClassDB.can_instantiate(name):
			continue
		for made_here: bool in [true, false]:
			var object: Variant = null
			if made_here:
				object = ClassDB.instantiate(name)
			else:
				object = elsewhere(func() -> Object: return ClassDB.instantiate(name))
			var holder := [object]
			object = null
			elsewhere(
				func() -> void:
					if not holder[0] is RefCounted:
						holder[0].free()
					holder.clear()
			)
	await tree.process_frame


func test_a_notification_on_a_thread_is_refused_once_the_main_thread_has_used_the_node() -> void:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelFlatGenerator.new()
	tree.root.add_child(terrain)
	tree.root.remove_child(terrain)
	expect_error("VoxelTerrain got notification %d on another thread" % Node3D.NOTIFICATION_VISIBILITY_CHANGED)
	elsewhere(func() -> void: terrain.notification(Node3D.NOTIFICATION_VISIBILITY_CHANGED))
	# What the engine sends when a thread arranges nodes outside the tree is nobody's mistake.
	elsewhere(
		func() -> void:
			var parent := Node3D.new()
			parent.add_child(terrain)
			parent.free()
	)
	check(not is_instance_valid(terrain), "freed with its parent")
	await tree.process_frame

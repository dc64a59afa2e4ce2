# VoxelTerrain with a generator that fails, which only the probe has.
extends "res://voxel_suite.gd"


func _broken_generator() -> VoxelGenerator:
	return ClassDB.instantiate("NebulaProbeGenerator")


# The start was tried again at every change of the transform, and failed again with an error.
func test_a_world_that_cannot_be_created_is_one_error_however_the_node_moves() -> void:
	var terrain := flat_terrain()
	terrain.generator = _broken_generator()
	terrain.generator.builds = false
	expect_error("VoxelTerrain cannot create its world: this generator builds nothing")
	tree.root.add_child(terrain)
	for i in 5:
		terrain.position.x += 1.0
		await tree.process_frame
	terrain.generator.builds = true
	terrain.view_distance = 64.0
	await load_whole(terrain)
	check(terrain.is_loaded(), "setting a property tries again")
	await remove(terrain)


# Chunks that fail while they load are told at the frame's beginning, before the scripts run.
func test_what_a_handler_of_chunk_failed_digs_belongs_to_the_next_frame() -> void:
	var terrain := flat_terrain()
	terrain.generator = _broken_generator()
	terrain.generator.broken_from_x = 60
	var dug_in := [-1]
	var shown_in: Array[int] = []
	terrain.chunk_failed.connect(
		func(_chunk: Vector3i, _message: String) -> void:
			dug_in[0] = Engine.get_process_frames()
			terrain.dig_sphere(Vector3(-40, 0, 0), 3.0),
		CONNECT_ONE_SHOT
	)
	terrain.edit_committed.connect(
		func(_info: Dictionary) -> void: shown_in.append(Engine.get_process_frames())
	)
	# The first that no handler is told of; the others of this world are quiet.
	expect_error("VoxelTerrain: a chunk could not be built: the ground is broken here. The signal")
	tree.root.add_child(terrain)
	await load_whole(terrain)
	await frames(3)
	check(terrain.get_statistics()["failed"] > 0, "chunks failed")
	check_equal(shown_in, [dug_in[0] + 1] as Array[int], "frames in which its dig is shown")
	await remove(terrain)


# Frees its victim at the line that names the slow end of a terrain.
class FreesAtTheSlowEnd:
	extends Logger
	var victim: VoxelTerrain

	func _log_error(
		_function: String, _file: String, _line: int, code: String, rationale: String,
		_editor: bool, _type: int, _backtraces: Array[ScriptBacktrace]
	) -> void:
		if (code + rationale).contains("the end of a VoxelTerrain is waiting") and is_instance_valid(victim):
			victim.free()


# regenerate() went on with the node; the address sanitizer sees it (./run sanitized).
func test_a_logger_may_free_the_terrain_while_its_world_ends_slowly() -> void:
	var terrain := flat_terrain()
	terrain.generator = _broken_generator()
	terrain.generator.takes_msec = 1500
	tree.root.add_child(terrain)
	check(await comes(func() -> bool: return terrain.get_statistics()["in_flight"] > 0), "a chunk is built")
	var logger := FreesAtTheSlowEnd.new()
	logger.victim = terrain
	OS.add_logger(logger)
	terrain.regenerate()
	OS.remove_logger(logger)
	check(not is_instance_valid(terrain), "the slow end was named")
	await frames(2)


# A build begins before the dig and arrives after it, in a frame in which nobody digs. It has to be built
# anew; loading waited for the next dig.
func test_a_build_that_a_dig_has_outdated_does_not_stop_the_loading() -> void:
	var terrain := flat_terrain()
	terrain.generator = _broken_generator()
	terrain.generator.takes_msec = 20
	tree.root.add_child(terrain)
	check(await comes(func() -> bool: return terrain.get_statistics()["in_flight"] > 0), "a chunk is built")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 60.0), OK)
	await load_whole(terrain)
	check_equal(terrain.audit(), "")
	await remove(terrain)


# An exception would end the coroutine that streams, and nothing would load any more.
func test_a_frame_without_memory_is_one_error_and_streaming_goes_on() -> void:
	var terrain := await loaded_terrain()
	var wanted: int = terrain.get_statistics()["wanted"]
	var probe: RefCounted = ClassDB.instantiate("NebulaTerrainProbe")
	terrain.view_distance = 200.0
	if not probe.refuse_steps(true):  # a sanitizer's allocator
		await remove(terrain)
		return
	expect_error("VoxelTerrain: out of memory")
	await tree.process_frame
	probe.refuse_steps(false)
	check_equal(terrain.get_statistics()["wanted"], wanted, "nothing could be planned")
	await load_whole(terrain)
	check(terrain.get_statistics()["wanted"] > wanted, "the rest of the view is there")
	check_equal(terrain.audit(), "")
	await remove(terrain)


# It said that a parameter was wrong.
func test_an_edit_without_memory_says_so_and_changes_nothing() -> void:
	var terrain := await loaded_terrain()
	var probe: RefCounted = ClassDB.instantiate("NebulaTerrainProbe")
	if not probe.refuse_edits(true):  # a sanitizer's allocator
		await remove(terrain)
		return
	expect_error("VoxelTerrain.dig_sphere: there is not enough memory, so nothing was changed.")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 3.0), ERR_OUT_OF_MEMORY)
	probe.refuse_edits(false)
	check_equal(terrain.get_statistics()["edits"], 0, "edits")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 3.0), OK)
	await remove(terrain)

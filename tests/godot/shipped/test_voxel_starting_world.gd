# Games that begin with a world that was made before: VoxelWorldStore.starting_path.
extends "res://voxel_suite.gd"

const STARTING := "user://nebula_starting_test.nebula"
const KILLED := "user://nebula_starting_test_killed.nebula"
const SLOT := "user://nebula_starting_test_slot.nebula"


func terrain_with(file: String, starting: String) -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.world_store = VoxelWorldStore.new()
	terrain.world_store.file_path = file
	terrain.world_store.starting_path = starting
	terrain.world_store.autosave_interval_sec = 0.0
	return terrain


# Adds the terrain; what world_loaded says, or the problem that save_failed tells.
func opened(terrain: VoxelTerrain) -> Variant:
	var told := []
	terrain.world_loaded.connect(told.append)
	terrain.save_failed.connect(told.append)
	tree.root.add_child(terrain)
	check(await comes(func() -> bool: return not told.is_empty()), "something is said of the file")
	return told[0]


# A terrain that has made the starting world, with a hole at the origin, and still has its file open.
func maker() -> VoxelTerrain:
	forget()
	var terrain := terrain_with(STARTING, "")
	await opened(terrain)
	check_equal(terrain.dig_sphere(Vector3.ZERO, 6.0), OK, "dig_sphere")
	check_equal(await terrain.save(), "", "save")
	return terrain


func forget() -> void:
	for file: String in [STARTING, SLOT, KILLED, KILLED + "-wal"]:
		DirAccess.remove_absolute(file)


func is_dug(terrain: VoxelTerrain, x: float) -> bool:
	return height_at(terrain, x, 0) < -3.0


func test_a_new_game_begins_as_a_copy_and_an_old_one_goes_on() -> void:
	await remove(await maker())
	var terrain := terrain_with(SLOT, STARTING)
	var report: Variant = await opened(terrain)
	check(report is Dictionary and not report.read_only and report.warnings.is_empty(), "opened: %s" % [report])
	check(is_dug(terrain, 0), "the hole of the starting world is there")
	terrain.dig_sphere(Vector3(20, 0, 0), 6.0)
	check_equal(await terrain.save(), "", "save")
	await remove(terrain)

	terrain = terrain_with(STARTING, "")
	await opened(terrain)
	check(is_dug(terrain, 0) and not is_dug(terrain, 20), "the starting world is as it was")
	await remove(terrain)
	DirAccess.remove_absolute(STARTING)
	terrain = terrain_with(SLOT, STARTING)
	await opened(terrain)
	check(is_dug(terrain, 0) and is_dug(terrain, 20), "the game goes on with its own file")
	await remove(terrain)
	forget()


func test_a_file_that_is_open_elsewhere_is_no_obstacle() -> void:
	var editor := await maker()
	var terrain := terrain_with("", STARTING)
	check(await opened(terrain) is Dictionary and is_dug(terrain, 0), "the hole is there")
	await remove(terrain)
	editor.dig_sphere(Vector3(20, 0, 0), 6.0)
	check_equal(await editor.save(), "", "the file was not locked")
	await remove(editor)
	forget()


# As when the editor is killed: the file as it was before a save, and beside it what the save has written.
func test_what_is_saved_but_not_moved_into_the_one_file_is_in_the_copy() -> void:
	forget()
	var editor := terrain_with(STARTING, "")
	await opened(editor)
	DirAccess.copy_absolute(STARTING, KILLED)
	editor.dig_sphere(Vector3.ZERO, 6.0)
	check_equal(await editor.save(), "", "save")
	DirAccess.copy_absolute(STARTING + "-wal", KILLED + "-wal")
	var terrain := terrain_with(SLOT, KILLED)
	await opened(terrain)
	check(is_dug(terrain, 0), "the hole is there")
	await remove(terrain)
	await remove(editor)
	forget()


func test_without_a_file_of_its_own_a_game_saves_nothing_and_leaves_nothing() -> void:
	await remove(await maker())
	var before := DirAccess.get_files_at(OS.get_temp_dir())
	var terrain := terrain_with("", STARTING)
	var report: Variant = await opened(terrain)
	check(report is Dictionary and report.read_only, "it is said that nothing will be saved: %s" % [report])
	check_equal(terrain.dig_sphere(Vector3(20, 0, 0), 6.0), OK, "dig_sphere")
	check("set its file_path" in await terrain.save(), "save says what to do")
	await remove(terrain)
	for file in DirAccess.get_files_at(OS.get_temp_dir()):
		check(file in before or not file.begins_with("nebula-%d-" % OS.get_process_id()), "left: " + file)
	terrain = terrain_with("", STARTING)
	await opened(terrain)
	check(is_dug(terrain, 0) and not is_dug(terrain, 20), "the next game begins anew")
	await remove(terrain)
	forget()


func test_a_starting_world_that_is_missing_is_told() -> void:
	forget()
	var terrain := terrain_with(SLOT, STARTING)
	var problem: Variant = await opened(terrain)
	check(problem is String and "cannot be read; create it in the editor" in problem, "told: %s" % [problem])
	expect_error("what is changed could not be saved")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 6.0), ERR_FILE_CANT_OPEN, "dig_sphere")
	check(not FileAccess.file_exists(SLOT), "no file was made")
	await remove(terrain)

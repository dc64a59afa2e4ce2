# Worlds in files: what a game sees of saving, of loading, and of files that cannot be used.
extends "res://voxel_suite.gd"

const FILE := "user://nebula_saving_test.nebula"
const REGION := "user://nebula_saving_test_region.nebula"


func kept_terrain(path := FILE, autosave_sec := 0.0) -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.world_store = VoxelWorldStore.new()
	terrain.world_store.file_path = path
	terrain.world_store.autosave_interval_sec = autosave_sec
	return terrain


# Collects what a signal passes.
func news_of(news: Signal) -> Array:
	var told := []
	news.connect(func(what: Variant) -> void: told.append(what))
	return told


# Adds the terrain; what world_loaded says, or nothing if the file cannot be used.
func opened(terrain: VoxelTerrain) -> Dictionary:
	var reports := news_of(terrain.world_loaded)
	var problems := news_of(terrain.save_failed)
	tree.root.add_child(terrain)
	if not await comes(func() -> bool: return reports.size() + problems.size() > 0):
		check(false, "nothing was said of the file")
	return reports[0] if not reports.is_empty() else {}


# What the next game finds where there was flat ground.
func height_in_next_game(path := FILE) -> float:
	var terrain := kept_terrain(path)
	await opened(terrain)
	var height := height_at(terrain, 0, 0)
	await remove(terrain)
	return height


func forget(path := FILE) -> void:
	DirAccess.remove_absolute(path)


func test_what_was_saved_is_there_in_the_next_game() -> void:
	forget()
	var terrain := kept_terrain()
	var report := await opened(terrain)
	check_equal(report.get("created"), true, "a new file")
	check_equal(report.get("warnings"), PackedStringArray(), "warnings")
	var saves := news_of(terrain.saved)
	check_equal(terrain.dig_sphere(Vector3.ZERO, 6.0), OK, "dig_sphere")
	check_equal(await terrain.save(), "", "save")
	check(await comes(func() -> bool: return saves.size() == 1), "saved is emitted")
	check(saves[0] > 0, "bricks were written")
	await remove(terrain)

	terrain = kept_terrain()
	report = await opened(terrain)
	check_equal(report.get("bricks"), saves[0], "bricks loaded")
	check(absf(height_at(terrain, 0, 0) + 6.0) < 0.1, "the crater is there")
	await load_whole(terrain)
	check_equal(terrain.audit(), "", "audit")
	check_equal(terrain.dig_sphere(Vector3(20, 0, 0), 4.0), OK, "it can be dug on")
	await remove(terrain)
	forget()


func test_who_cancels_a_save_only_stops_to_wait_for_it() -> void:
	forget()
	var terrain := kept_terrain()
	await opened(terrain)
	var saves := news_of(terrain.saved)
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	var saving := NebulaTask.of(terrain.save())
	saving.cancel()
	check_equal(saving.result, "nobody waits for the save any more, because the task was cancelled; it goes on", "the answer")
	check(await comes(func() -> bool: return saves.size() == 1), "it is saved all the same")
	await remove(terrain)
	forget()


func test_until_the_file_is_loaded_edits_are_refused_and_nothing_is_shown() -> void:
	forget()
	var terrain := kept_terrain()
	var order: Array[String] = []
	terrain.world_loaded.connect(func(_report: Dictionary) -> void: order.append("world_loaded"))
	terrain.loaded.connect(func() -> void: order.append("loaded"))
	tree.root.add_child(terrain)
	expect_error("the world is still being loaded; edit it when that has ended")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 4.0), ERR_BUSY, "dig_sphere")
	check(not terrain.is_loaded(), "it is not loaded")
	check_equal(await terrain.save(), "", "a save waits for the file")
	await load_whole(terrain)
	await frames(2)
	check_equal(order, ["world_loaded", "loaded"] as Array[String], "order of the signals")
	await remove(terrain)
	forget()


func test_a_world_that_ends_is_saved_with_autosave_only() -> void:
	for autosave: float in [60.0, 0.0]:
		for is_freed: bool in [true, false]:
			forget()
			var terrain := kept_terrain(FILE, autosave)
			await opened(terrain)
			terrain.dig_sphere(Vector3.ZERO, 6.0)
			if is_freed:
				await remove(terrain)
			else:
				terrain.world_store = null  # it never leaves the tree
			var left := -6.0 if autosave > 0 else 0.0
			check(
				absf(await height_in_next_game() - left) < 0.1,
				"autosave %s, freed %s" % [autosave, is_freed]
			)
			if not is_freed:
				await remove(terrain)
	forget()


func test_changes_are_saved_after_the_interval_and_when_the_terrain_leaves_the_tree() -> void:
	forget()
	var terrain := kept_terrain(FILE, 0.05)
	await opened(terrain)
	var saves := news_of(terrain.saved)
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	check(await comes(func() -> bool: return saves.size() > 0), "it is saved by itself")
	terrain.world_store.autosave_interval_sec = 3600
	terrain.regenerate()
	await terrain.world_loaded
	check(absf(height_at(terrain, 0, 0) + 6.0) < 0.1, "regenerate() loads the file again")
	saves.clear()
	terrain.dig_sphere(Vector3(20, 0, 0), 6.0)
	tree.root.remove_child(terrain)
	check_equal(await terrain.save(), "the terrain is outside the scene tree; add it again before you save it")
	tree.root.add_child(terrain)
	check(await comes(func() -> bool: return saves.size() > 0), "it is saved when it leaves")
	await remove(terrain)
	forget()


func test_a_file_that_cannot_be_used_is_told_in_one_sentence_and_stays_as_it_is() -> void:
	var foreign := "user://nebula_saving_test.txt"
	var file := FileAccess.open(foreign, FileAccess.WRITE)
	file.store_string("shopping: milk, eggs")
	file.close()
	var parts := {
		foreign: "is not a world",
		"user://no/such/folder/world.nebula": "there is no folder",
		"/proc/world.nebula": "could not be made",
		" ": "begins or ends with a blank",
		"user://world.nebula ": "begins or ends with a blank",
		":memory:": "is not the path of a file",
		"world.nebula": "names no folder",
		"user://": "is a folder",
		"": "the world store has no file_path",
	}
	for path: String in parts:
		var counter := WarningCounter.new()
		OS.add_logger(counter)
		var terrain := kept_terrain(path, 60.0)
		var problems := news_of(terrain.save_failed)
		await opened(terrain)
		check_equal(problems.size(), 1, "sentences about " + path)
		check(parts[path] in problems[0] and not "\n" in problems[0], "about %s: %s" % [path, problems[0]])
		await load_whole(terrain)
		OS.remove_logger(counter)
		check_equal(counter.lines().size(), 1, "warnings about " + path)
		check(absf(height_at(terrain, 0, 0)) < 0.1, "there is ground")
		check(await terrain.save() != "", "a save says so, too")
		if path != "":
			expect_error("what is changed could not be saved, because")
			check_equal(terrain.dig_sphere(Vector3.ZERO, 4.0), ERR_FILE_CANT_OPEN, "dig_sphere")
		await remove(terrain)
	check_equal(FileAccess.get_file_as_string(foreign), "shopping: milk, eggs", "the foreign file")
	for name: String in [" ", ":memory:", "world.nebula"]:
		check(not FileAccess.file_exists(OS.get_environment("PWD").path_join(name)), "a file called " + name)
	forget(foreign)


func test_a_file_is_of_one_terrain_at_a_time() -> void:
	forget()
	var first := kept_terrain()
	await opened(first)
	var second := kept_terrain()
	var problems := news_of(second.save_failed)
	await opened(second)
	check_equal(problems.size(), 1, "sentences")
	check("is open already" in problems[0], problems[0])
	first.dig_sphere(Vector3.ZERO, 6.0)
	check_equal(await first.save(), "", "the first one saves")
	await remove(second)
	await remove(first)
	check(absf(await height_in_next_game() + 6.0) < 0.1, "the crater is there")
	forget()


func test_another_generator_is_told_and_the_edits_load() -> void:
	forget()
	var terrain := kept_terrain()
	await opened(terrain)
	await remove(terrain)
	terrain = kept_terrain()
	terrain.generator.height = 1.0
	var report := await opened(terrain)
	check_equal(report["warnings"], PackedStringArray(), "a file without a change fits any generator")
	await remove(terrain)
	terrain = kept_terrain()
	await opened(terrain)
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	await terrain.save()
	await remove(terrain)
	terrain = kept_terrain()
	terrain.generator.height = 1.5
	report = await opened(terrain)
	var warnings: PackedStringArray = report["warnings"]
	check_equal(warnings.size(), 1, "warnings")
	check("(flat height=0)" in warnings[0] and "(flat height=1.5)" in warnings[0], warnings[0])
	check(absf(height_at(terrain, 0, 0) + 6.0) < 0.1, "the crater is there")
	check_equal(await terrain.save(), "", "save")
	await remove(terrain)
	terrain = kept_terrain()
	terrain.generator.height = 1.5
	report = await opened(terrain)
	check_equal(report["warnings"], PackedStringArray(), "it is told once")
	await remove(terrain)
	forget()


func test_without_a_store_a_save_says_what_to_do() -> void:
	var terrain := await loaded_terrain()
	check_equal(
		await terrain.save(),
		"the terrain has no file; set its world_store to a VoxelWorldStore with a file_path"
	)
	await remove(terrain)


func test_a_region_is_a_world_of_its_own() -> void:
	forget()
	forget(REGION)
	var terrain := kept_terrain()
	await opened(terrain)
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	terrain.dig_sphere(Vector3(60, 0, 60), 6.0)
	var area := AABB(Vector3.ONE * -8, Vector3.ONE * 16)
	check_equal(await terrain.export_region(area, REGION), "", "export_region")
	var again: String = await terrain.export_region(area, REGION)
	check("nebula_saving_test_region" in again, "it is not replaced: " + again)
	check(await terrain.export_region(AABB(), REGION) != "", "an empty area")
	await remove(terrain)
	terrain = kept_terrain(REGION)
	await opened(terrain)
	check(absf(height_at(terrain, 0, 0) + 6.0) < 0.1, "the crater in the region")
	check(absf(height_at(terrain, 60, 60)) < 0.1, "not the other one")
	await remove(terrain)
	forget()
	forget(REGION)


func test_a_region_is_taken_into_another_world() -> void:
	forget()
	forget(REGION)
	var terrain := kept_terrain()
	await opened(terrain)
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	terrain.paint_sphere(Vector3(0, -8, 0), 4.0, 7)
	check_equal(await terrain.export_region(AABB(Vector3.ONE * -10, Vector3.ONE * 20), REGION), "")
	var thin := "user://nebula_thin_region_test.nebula"
	forget(thin)
	await terrain.export_region(AABB(Vector3.ONE * 0.2, Vector3.ONE * 0.5), thin)
	await remove(terrain)

	terrain = await loaded_terrain()  # without a file
	terrain.undo_limit_mb = 64
	check_equal(await terrain.import_region(REGION, Vector3i(41, 0, -7)), "", "import_region")
	check(absf(height_at(terrain, 41, -7) + 6.0) < 0.1, "the crater is where it was moved to")
	check(absf(height_at(terrain, 0, 0)) < 0.1, "and not where it was")
	check_equal(terrain.material_at(Vector3(41, -8, -7)), 7, "of its material")
	check(terrain.get_last_edit()["removed"] > 100.0, "get_last_edit")
	check_equal(terrain.undo(), OK, "undo")
	check(absf(height_at(terrain, 41, -7)) < 0.1, "it is taken back as one edit")
	await load_whole(terrain)
	check_equal(terrain.audit(), "", "audit")
	var problem: String = await terrain.import_region("user://no such file.nebula")
	check("no such file" in problem and not "\n" in problem, problem)
	problem = await terrain.import_region(thin)
	check("of 1 x 1 x 1 voxels, and at least 2 along each axis are needed" in problem, problem)
	forget(thin)
	problem = await terrain.import_region(REGION, Vector3i(2_000_000_000, 0, 0))
	check("the place of the region" in problem, problem)
	terrain.generator = VoxelNoiseGenerator.new()
	var counter := WarningCounter.new()
	OS.add_logger(counter)
	check_equal(await terrain.import_region(REGION), "", "from another generator")
	OS.remove_logger(counter)
	check(counter.lines().size() == 1 and "another generator" in counter.lines()[0], "it is told: %s" % counter.lines())
	await remove(terrain)
	forget()
	forget(REGION)


# Cut off in many places: what is left comes, and whoever waits is told that it is not all.
func test_a_damaged_region_is_imported_as_far_as_it_is_intact_and_said_to_be_damaged() -> void:
	forget()
	forget(REGION)
	var cut := "user://nebula_cut_region_test.nebula"
	var terrain := kept_terrain()
	await opened(terrain)
	for i in 5:
		terrain.dig_sphere(Vector3(i * 20, 0, i * 10), 7.0)
	var area := AABB(Vector3(-10, -10, -10), Vector3(110, 20, 60))
	check_equal(await terrain.export_region(area, REGION), "", "export_region")
	await remove(terrain)
	terrain = await loaded_terrain()
	terrain.undo_limit_mb = 64
	var reports := news_of(terrain.region_imported)
	check_equal(await terrain.import_region(REGION), "", "the whole")
	check_equal(reports, [{"damaged": 0, "warnings": PackedStringArray()}], "region_imported")
	check_equal(terrain.undo(), OK, "undo")
	var whole := FileAccess.get_file_as_bytes(REGION)
	var told := 0
	for parts in range(12, 31):
		var file := FileAccess.open(cut, FileAccess.WRITE)
		file.store_buffer(whole.slice(0, whole.size() * parts / 32))
		file.close()
		reports.clear()
		var problem: String = await terrain.import_region(cut)
		if reports.is_empty():
			check(problem != "", "%d parts of 32: nothing changed, and nothing said" % parts)
			check(not terrain.has_undo(), "there is nothing to undo")
			continue
		check_equal(reports[0]["warnings"], PackedStringArray([problem] if problem else []), "warnings")
		if problem:
			told += 1
			check("is damaged: what is intact was imported" in problem, problem)
		check_equal(terrain.undo(), OK, "it is one edit")
	check(told > 2, "told %d times" % told)
	await remove(terrain)
	forget()
	forget(REGION)
	forget(cut)


func test_a_world_that_ends_ends_an_import() -> void:
	forget()
	forget(REGION)
	var terrain := kept_terrain()
	await opened(terrain)
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	check_equal(await terrain.export_region(AABB(Vector3.ONE * -10, Vector3.ONE * 20), REGION), "")
	var answers := []
	var wait := func() -> void: answers.append(await terrain.import_region(REGION))
	wait.call()
	terrain.regenerate()
	check(await comes(func() -> bool: return answers.size() == 1), "it is answered")
	check_equal(answers[0], "the terrain lost its world before the region was a part of it")
	await remove(terrain)
	forget()
	forget(REGION)


func test_ground_that_was_saved_leaves_the_memory_and_comes_back() -> void:
	forget()
	var store := VoxelWorldStore.new()
	expect_error("it must be from 0, for no limit, to 65536. It keeps its value")
	store.memory_limit_mb = -1
	check_equal(store.memory_limit_mb, 256, "memory_limit_mb unless set")
	for game in 2:
		var terrain := kept_terrain()
		terrain.world_store.memory_limit_mb = 1
		await opened(terrain)
		for i in 12:
			if game == 0:
				check_equal(terrain.dig_sphere(Vector3(i * 40, 0, 0), 10.0), OK, "dig_sphere")
		check_equal(await terrain.save(), "", "save")
		await frames(30)
		for i in 12:
			var height := height_at(terrain, i * 40, 0)
			check(absf(height + 10.0) < 0.1, "game %d, crater %d: %s" % [game, i, height])
			check_equal(terrain.dig_sphere(Vector3(i * 40, -10, 0), 2.0), OK, "it can be dug on")
			height = height_at(terrain, i * 40, 0)
			check(absf(height + 12.0) < 0.1, "game %d, deeper crater %d: %s" % [game, i, height])
		await load_whole(terrain)
		check_equal(terrain.audit(), "", "audit")
		await remove(terrain)
	forget()

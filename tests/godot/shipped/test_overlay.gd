# The scene that comes with the add-on, and the trace that its key writes. An error in its script fails
# the test.
extends "res://voxel_suite.gd"

const OVERLAY := preload("res://addons/nebula/overlay/nebula_overlay.tscn")


func overlay_of(terrain: VoxelTerrain) -> Control:
	var overlay: Control = OVERLAY.instantiate()
	overlay.terrain = terrain
	tree.root.add_child(overlay)
	return overlay


# It is written anew some times a second.
func comes_to_say(overlay: Control, what: String) -> bool:
	return await comes(func() -> bool: return overlay.get_node("Text").text.contains(what))


func remove_overlay(overlay: Control) -> void:
	overlay.queue_free()
	await frames(1)


func press(key: Key) -> void:
	var event := InputEventKey.new()
	event.keycode = key
	event.pressed = true
	tree.root.push_input(event)


func test_without_a_terrain_it_shows_the_queue() -> void:
	var overlay := overlay_of(null)
	check(await comes_to_say(overlay, "queue  0 tasks"), "the queue is shown: " + overlay.get_node("Text").text)
	await remove_overlay(overlay)


func test_with_a_terrain_it_shows_the_workers_and_what_is_loaded() -> void:
	var terrain := await loaded_terrain()
	var overlay := overlay_of(terrain)
	await frames(2)
	var text: String = overlay.get_node("Text").text
	for i in Nebula.worker_count():
		check(text.contains("worker %d" % i), "worker %d is shown: %s" % [i, text])
	check(text.contains("loaded %d of" % terrain.get_statistics()["loaded"]), "what is loaded is shown: " + text)
	check(text.contains("late   0 chunks"), "nothing is late: " + text)
	var values: String = overlay.get_node("Values").text
	check(values.contains("of %.1f ms" % terrain.edit_budget_msec), "the budget of edits is shown: " + values)
	await remove(terrain)
	check(await comes(func() -> bool: return not overlay.get_node("Text").text.contains("loaded")), "it outlives its terrain")
	await remove_overlay(overlay)


func test_a_key_hides_it_and_it_stays_hidden() -> void:
	var overlay := overlay_of(null)
	press(KEY_F3)
	check(not overlay.visible, "F3 hides it")
	press(KEY_F3)
	check(overlay.visible, "and shows it again")
	overlay.toggle_key = KEY_NONE
	press(KEY_F3)
	check(overlay.visible, "without a key it stays")
	await remove_overlay(overlay)


func test_it_records_while_it_is_there() -> void:
	check(not Nebula.is_tracing(), "nothing is recorded")
	var overlay := overlay_of(null)
	check(Nebula.is_tracing(), "the overlay has begun")
	tree.root.remove_child(overlay)
	check(not Nebula.is_tracing(), "and has ended it")
	tree.root.add_child(overlay)
	check(Nebula.is_tracing(), "and begins again when it comes back")
	await remove_overlay(overlay)
	check(not Nebula.is_tracing(), "and ends again")


# As in a split screen.
func test_it_records_until_the_last_one_is_gone() -> void:
	var first := overlay_of(null)
	var second := overlay_of(null)
	await remove_overlay(first)
	check(Nebula.is_tracing(), "the other one records")
	await remove_overlay(second)
	check(not Nebula.is_tracing(), "and was the last")
	Nebula.start_tracing()
	await remove_overlay(overlay_of(null))
	check(Nebula.is_tracing(), "what a script has begun goes on")
	Nebula.stop_tracing()


# Its cost on a slow and busy machine is bounded loosely here; docs/performance.md has the figure.
func test_it_is_cheap() -> void:
	var terrain := await loaded_terrain()
	var overlay := overlay_of(terrain)
	await frames(2)
	var shortest := INF
	for round in 20:
		var start := Time.get_ticks_usec()
		for i in 12:
			overlay._process(1.0 / 60.0)
		shortest = minf(shortest, (Time.get_ticks_usec() - start) / 12.0)
	print("    the overlay takes %.0f us a frame" % shortest)
	check(shortest < 1000.0, "a frame of the overlay takes %.0f us" % shortest)
	await remove_overlay(overlay)
	await remove(terrain)


func events_of(path: String) -> Array:
	var all: Variant = JSON.parse_string(FileAccess.get_file_as_string(path))
	return all["traceEvents"] if all is Dictionary else []


func test_the_trace_has_the_workers_and_the_main_thread() -> void:
	Nebula.start_tracing()
	var terrain := await loaded_terrain()
	terrain.dig_sphere(Vector3.ZERO, 4.0)
	await frames(3)
	var path := "user://trace_test/trace.json"
	check_equal(await Nebula.save_trace(path), "", "it is written, and the folder made")
	Nebula.stop_tracing()
	var threads := {}
	var spans := {}
	for event: Dictionary in events_of(path):
		if event["name"] == "thread_name":
			threads[event["args"]["name"]] = true
		elif event["ph"] == "X":
			spans[event["name"]] = true
	check(threads.has("main"), "the main thread has a row: %s" % threads)
	check(threads.has("nebula-worker-0"), "and so has a worker: %s" % threads)
	for name: String in ["frame", "tasks", "terrain: plan", "terrain: show chunks", "terrain: edit",
			"terrain: show edits", "terrain: collision", "load chunks", "chunks"]:
		check(spans.has(name), "there is a span '%s': %s" % [name, spans.keys()])
	DirAccess.remove_absolute(path)
	await remove(terrain)


func test_a_trace_that_cannot_be_written_is_told_in_a_sentence() -> void:
	var told: String = await Nebula.save_trace("user://trace.json")
	check(told.contains("start_tracing()"), "nothing is recorded: " + told)
	Nebula.start_tracing()
	for path: String in ["", "user://", "/dev/null/trace.json", "trace.json", "http://trace.json"]:
		told = await Nebula.save_trace(path)
		check(told.begins_with("Nebula.save_trace: ") and (path.is_empty() or told.contains(path)), "'%s': %s" % [path, told])
	Nebula.stop_tracing()
	Nebula.stop_tracing()
	check(not Nebula.is_tracing(), "to stop twice is once")


func test_traces_that_were_asked_for_are_written_after_a_stop() -> void:
	Nebula.start_tracing()
	await frames(300)  # so that each takes a while to write
	var told := []
	for i in 8:  # more than begin to be written at once
		told.append(Nebula.save_trace("user://stopped%d.json" % i))
	Nebula.stop_tracing()
	for i in told.size():
		var path := "user://stopped%d.json" % i
		check_equal(await told[i], "", "trace %d" % i)
		# The engine's parser may take seconds for one of them.
		check(FileAccess.get_size(path) > 10_000, "trace %d has something in it" % i)
		DirAccess.remove_absolute(path)


# A script has it in a variable that is a String.
func test_a_refusal_is_a_sentence_too() -> void:
	expect_error("may only be called on the main thread")
	var thread := Thread.new()
	thread.start(func() -> Variant: return Nebula.save_trace("user://trace.json"))
	var told: Variant = thread.wait_to_finish()
	check(told is String and told.contains("main thread"), "refused with %s" % var_to_str(told))


func test_the_key_of_the_trace() -> void:
	var overlay := overlay_of(null)
	var said := []
	overlay.trace_saved.connect(said.append)
	press(KEY_F9)
	press(KEY_F9)
	check(await comes(func() -> bool: return not said.is_empty()), "it says when it is there")
	await frames(5)
	check_equal(said.size(), 1, "the second press came while the first was written")
	if said:
		var path: String = said[0].trim_prefix("Trace: ")
		check(events_of(path).size() > 0, "the file is a trace: " + path)
		DirAccess.remove_absolute(path)
	await remove_overlay(overlay)


func test_the_monitors_are_there() -> void:
	var terrain := await loaded_terrain()
	terrain.dig_sphere(Vector3.ZERO, 4.0)
	for name: String in ["frame_work_msec", "worker_utilization", "pool_queue_depth", "chunks_waiting", "collision_msec", "brick_mb"]:
		check(Performance.has_custom_monitor("nebula/" + name), "there is a monitor " + name)
	check(Performance.get_custom_monitor("nebula/brick_mb") > 0.0, "what was dug takes memory")
	await remove(terrain)
	check_equal(Performance.get_custom_monitor("nebula/brick_mb"), 0.0, "and gives it back")

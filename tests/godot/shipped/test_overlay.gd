# The scene that comes with the add-on. An error in its script fails the test.
extends "res://voxel_suite.gd"

const OVERLAY := preload("res://addons/nebula/overlay/nebula_overlay.tscn")


func test_without_a_terrain_it_shows_the_queue() -> void:
	var overlay: Control = OVERLAY.instantiate()
	tree.root.add_child(overlay)
	await frames(2)
	var text: String = overlay.get_node("Text").text
	check(text.contains("queue  0 tasks"), "the queue is shown: " + text)
	overlay.queue_free()
	await frames(1)


func test_with_a_terrain_it_shows_the_workers_and_what_is_loaded() -> void:
	var terrain := await loaded_terrain()
	var overlay: Control = OVERLAY.instantiate()
	overlay.terrain = terrain
	tree.root.add_child(overlay)
	await frames(2)
	var text: String = overlay.get_node("Text").text
	for i in Nebula.worker_count():
		check(text.contains("worker %d" % i), "worker %d is shown: %s" % [i, text])
	check(text.contains("loaded %d of" % terrain.get_statistics()["loaded"]), "what is loaded is shown: " + text)
	await remove(terrain)
	await frames(2)
	check(overlay.get_node("Text").text.contains("queue  0 tasks"), "it outlives its terrain")
	overlay.queue_free()
	await frames(1)

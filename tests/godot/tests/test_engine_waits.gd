# Waits for tweens, timers, animations, requests and loads: they end also when the thing is stopped.
extends "res://task_suite.gd"

const STOPPED := "error: the awaited operation was stopped: "
const FREED := "error: the object waited for was freed: "

var probe := NebulaEngineWaitProbe.new()


# --- Tweens ---


func test_a_tween_is_waited_for_to_its_end() -> void:
	var tween := tree.create_tween()
	tween.tween_interval(0.05)
	var task := probe.tween(tween)
	await frames(2)
	check_equal(probe.log_of(task), [])
	await frames(5)
	check_equal(probe.log_of(task), ["finished"])


func test_a_killed_tween_that_somebody_holds_ends_the_wait_with_an_error() -> void:
	var tween := tree.create_tween()
	tween.tween_interval(100.0)
	var task := probe.tween(tween)
	await frames(2)
	tween.kill()
	await frames(2)
	check_equal(probe.log_of(task), [STOPPED + "a Tween was killed"])


func test_a_tween_whose_node_is_freed_ends_the_wait_with_an_error() -> void:
	var node := Node.new()
	tree.root.add_child(node)
	var tween := node.create_tween()
	tween.tween_interval(100.0)
	var task := probe.tween(tween)
	node.free()
	await frames(3)
	check_equal(probe.log_of(task), [STOPPED + "a Tween was killed"])


func test_a_paused_tween_is_waited_for_until_it_goes_on() -> void:
	var tween := tree.create_tween()
	tween.tween_interval(0.02)
	tween.pause()
	var task := probe.tween(tween)
	await frames(5)
	check(probe.is_pending(task), "pending while paused")
	tween.play()
	await frames(5)
	check_equal(probe.log_of(task), ["finished"])


# --- Timers ---


func test_a_timer_is_waited_for_until_it_rings_is_stopped_or_dies() -> void:
	var logs := []
	for how: String in ["rings", "stopped", "freed"]:
		var timer := Timer.new()
		timer.one_shot = true
		tree.root.add_child(timer)
		timer.start(0.05)
		var task := probe.timer(timer)
		await frames(2)
		check(probe.is_pending(task), "pending")
		if how == "stopped":
			timer.stop()
		if how == "freed":
			timer.free()
		await frames(5)
		logs.append(probe.log_of(task))
		if is_instance_valid(timer):
			timer.free()
	check_equal(
		logs, [["timeout"], [STOPPED + "a Timer was stopped"], [FREED + "signal 'timeout' of a Timer"]]
	)


# --- Animations ---


func player_of(names: Array) -> AnimationPlayer:
	var library := AnimationLibrary.new()
	for each: String in names:
		var animation := Animation.new()
		animation.length = 0.05
		library.add_animation(each, animation)
	var player := AnimationPlayer.new()
	player.add_animation_library("", library)
	tree.root.add_child(player)
	return player


func test_an_animation_is_waited_for_to_its_end() -> void:
	var player := player_of(["walk"])
	player.play("walk")
	var task := probe.animation(player)
	await frames(2)
	check(probe.is_pending(task), "pending")
	await frames(5)
	check_equal(probe.log_of(task), [&"walk"])
	player.free()


func test_an_animation_that_is_stopped_or_replaced_ends_the_wait_with_an_error() -> void:
	var player := player_of(["walk", "run"])
	player.play("walk")
	var stopped := probe.animation(player)
	player.stop()
	await frames(2)
	check_equal(probe.log_of(stopped), [STOPPED + "animation 'walk' was stopped"])
	player.play("walk")
	var replaced := probe.animation(player)
	player.play("run")
	await frames(2)
	check_equal(probe.log_of(replaced), [STOPPED + "animation 'walk' was stopped"])
	player.stop()
	await frames(1)
	var nothing := probe.animation(player)
	check_equal(probe.log_of(nothing), [STOPPED + "an AnimationPlayer is not playing"])
	player.play("walk")
	var freed := probe.animation(player)
	player.free()
	await frames(2)
	check_equal(
		probe.log_of(freed), [FREED + "signal 'animation_finished' of a AnimationPlayer"]
	)


func test_an_animation_that_is_paused_or_followed_by_a_queued_one_ends_by_its_own_end() -> void:
	var player := player_of(["walk", "run"])
	player.play("walk")
	var task := probe.animation(player)
	player.pause()
	await frames(10)
	check(probe.is_pending(task), "pending while paused")
	player.play()
	player.queue("run")
	await frames(5)
	check_equal(probe.log_of(task), [&"walk"])
	player.free()


# --- Requests ---


func test_a_request_that_fails_is_a_reply_and_one_that_is_cancelled_an_error() -> void:
	var server := TCPServer.new()
	check_equal(server.listen(0, "127.0.0.1"), OK, "a port to listen on")
	var request := HTTPRequest.new()
	tree.root.add_child(request)
	check_equal(request.request("http://127.0.0.1:%d/" % server.get_local_port()), OK)
	var cancelled := probe.request(request)
	await frames(3)
	check(probe.is_pending(cancelled), "pending")
	request.cancel_request()
	await frames(5)
	check_equal(probe.log_of(cancelled), [STOPPED + "an HTTPRequest was cancelled"])
	check_equal(request.request("http://127.0.0.1:%d/" % server.get_local_port()), OK)
	var answered := probe.request(request)
	var peers := []
	while probe.is_pending(answered):
		await frames(1)
		if server.is_connection_available():
			peers.append(server.take_connection())
			peers[-1].put_data("HTTP/1.0 404 No\r\nContent-Length: 2\r\n\r\nno".to_utf8_buffer())
	check_equal(
		probe.log_of(answered), [[HTTPRequest.RESULT_SUCCESS, 404, "no".to_utf8_buffer()]]
	)
	check_equal(request.request("http://127.0.0.1:%d/" % server.get_local_port()), OK)
	var freed := probe.request(request)
	request.free()
	await frames(2)
	check_equal(probe.log_of(freed), [FREED + "signal 'request_completed' of a HTTPRequest"])


# --- Leaving the tree ---


func test_leaving_the_tree_is_waited_for_and_a_node_outside_is_no_wait() -> void:
	var node := Node.new()
	check_equal(probe.log_of(probe.exit(node)), ["exited"])
	tree.root.add_child(node)
	var task := probe.exit(node)
	await frames(1)
	check_equal(probe.log_of(task), [])
	node.queue_free()
	await frames(2)
	check_equal(probe.log_of(task), ["exited"])


# --- Loads ---


func loaded(task: int) -> Array:
	while probe.is_pending(task):
		await tree.process_frame
	return probe.log_of(task)


func test_a_resource_is_loaded_with_its_progress_told_up_to_one() -> void:
	var log: Array = await loaded(probe.load_scene("res://data/small_scene.tscn"))
	check_equal(log[-1], "res://data/small_scene.tscn")
	check_equal(log[-2], 1.0, "the last progress")
	for i in range(1, log.size() - 1):
		check(log[i] > log[i - 1], "progress only grows")


func test_several_loads_of_one_resource_all_get_it() -> void:
	var tasks := []
	for i in 10:
		tasks.append(probe.load_scene("res://data/small_scene.tscn"))
	for task: int in tasks:
		check_equal((await loaded(task))[-1], "res://data/small_scene.tscn")


func test_a_missing_resource_and_one_of_another_class_are_errors_and_not_the_engines() -> void:
	check_equal(
		await loaded(probe.load_scene("res://data/nothing.tscn")),
		[
			"error: the resource could not be loaded: there is no PackedScene res://data/nothing.tscn"
		]
	)
	var other: Array = await loaded(probe.load_scene("res://data/loud_resource.tres"))
	check("there is no PackedScene" in str(other[-1]), "the error: %s" % [other])


func test_a_broken_resource_is_an_error_beside_the_engines_own_and_leaves_nothing() -> void:
	var locals := probe.locals_alive()
	for i in 2:  # the second load finds nothing of the first in its way
		expect_error("Parse Error")
		expect_error("Failed loading resource: res://data/broken_scene.tscn")
		var log: Array = await loaded(probe.load_scene("res://data/broken_scene.tscn"))
		check_equal(
			log[-1],
			"error: the resource could not be loaded: res://data/broken_scene.tscn"
		)
	check_equal(probe.locals_alive(), locals, "locals")
	check(not ResourceLoader.has_cached("res://data/broken_scene.tscn"), "not in the cache")
	var whole: Array = await loaded(probe.load_scene("res://data/small_scene.tscn"))
	check_equal(whole[-1], "res://data/small_scene.tscn", "the loader goes on")


func test_a_load_that_nobody_waits_for_any_more_is_taken_in_the_background() -> void:
	for i in 20:
		probe.cancel(probe.load_scene("res://data/small_scene.tscn"))
	await frames(10)
	var log: Array = await loaded(probe.load_scene("res://data/small_scene.tscn"))
	check_equal(log[-1], "res://data/small_scene.tscn")


func test_a_load_may_be_cancelled_by_its_own_progress() -> void:
	# Its constructor, on the loader's thread, waits for us: so the end is told by a later look.
	var loud := preload("res://data/loud_resource.gd")
	var go_on := Semaphore.new()
	loud.emitter = Emitter.new()
	loud.emitter.found.connect(func(_where: String) -> void: go_on.wait())
	var task := [-1]
	task[0] = probe.load_telling(
		"res://data/loud_resource.tres",
		func() -> void:
			if task[0] >= 0:
				probe.cancel(task[0])
	)
	await frames(2)
	check(probe.is_pending(task[0]), "pending")
	go_on.post()
	await loaded(task[0])
	loud.emitter = null
	check(probe.was_cancelled(task[0]), "cancelled")
	await frames(3)  # the load itself is taken in the background


func test_a_load_may_be_a_branch() -> void:
	var path := "res://data/small_scene.tscn"
	var log: Array = await loaded(probe.load_in_all_forms(path))
	check_equal(log, [path, path, path, path, "error: the resource could not be loaded"])


func test_null_is_no_object_to_wait_for() -> void:
	var signals := {
		"tween": "finished",
		"timer": "timeout",
		"animation": "animation_finished",
		"request": "request_completed",
		"exit": "tree_exited",
	}
	for wait: String in signals:
		check_equal(
			probe.log_of(probe.call(wait, null)),
			["error: there is no object to wait for: signal '%s' of null" % signals[wait]],
			wait
		)

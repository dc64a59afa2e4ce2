# Requests and answers between peers: two branches of one tree, each with a multiplayer API of its
# own, joined by ENet over the loopback.
extends "res://task_suite.gd"

var _branches: Array[Node] = []


# A branch with a NebulaRpc in it, served by `peer`; null for none.
func branch(peer: MultiplayerPeer) -> NebulaRpc:
	var root := Node.new()
	root.name = "Branch%d" % _branches.size()
	tree.root.add_child(root)
	_branches.append(root)
	var api := MultiplayerAPI.create_default_interface()
	tree.set_multiplayer(api, root.get_path())
	api.multiplayer_peer = peer
	var rpc_node := NebulaRpc.new()
	rpc_node.name = "Rpc"
	root.add_child(rpc_node)
	return rpc_node


# [the server's node, the client's], connected.
func pair() -> Array:
	var listening := ENetMultiplayerPeer.new()
	var port := 0
	for attempt in 20:
		port = 20000 + randi() % 20000
		if listening.create_server(port, 4) == OK:
			break
	var calling := ENetMultiplayerPeer.new()
	check_equal(calling.create_client("127.0.0.1", port), OK, "the client")
	var both := [branch(listening), branch(calling)]
	var deadline := Time.get_ticks_msec() + 5000
	while both[1].multiplayer.get_peers().is_empty() and Time.get_ticks_msec() < deadline:
		await frames(1)
	check_equal(both[1].multiplayer.get_peers(), PackedInt32Array([1]), "connected")
	return both


func clean_up() -> void:
	for each in _branches:
		each.multiplayer.multiplayer_peer = null
		var path := each.get_path()
		each.free()
		tree.set_multiplayer(null, path)
	_branches.clear()


func check_error(value: Variant, part: String) -> void:
	check(value is NebulaTaskError, "an error object, not %s" % [value])
	if value is NebulaTaskError:
		check(part in value.message, "the message says '%s': '%s'" % [part, value.message])


func test_a_request_gives_the_answer_of_the_other_peer_and_tells_it_who_asks() -> void:
	var both: Array = await pair()
	var askers := []
	both[0].serve(
		"add",
		func(sender: int, a: int, b: int) -> int:
			askers.append(sender)
			return a + b
	)
	check_equal(await both[1].request(1, "add", [2, 3]), 5)
	check_equal(askers, [both[1].multiplayer.get_unique_id()], "who asked")
	both[1].serve("name", func(_sender: int) -> String: return "client")
	check_equal(
		await both[0].request(both[1].multiplayer.get_unique_id(), "name"), "client", "the other way"
	)
	clean_up()


func test_what_serves_may_wait_and_answers_find_who_asked_in_any_order() -> void:
	var both: Array = await pair()
	both[0].serve(
		"slow",
		func(_sender: int, count: int) -> int:
			for i in count:
				await tree.process_frame
			return count
	)
	var got := []
	var ask := func(count: int) -> void: got.append(await both[1].request(1, "slow", [count]))
	ask.call(20)
	ask.call(1)
	var deadline := Time.get_ticks_msec() + 5000
	while got.size() < 2 and Time.get_ticks_msec() < deadline:
		await frames(1)
	check_equal(got, [1, 20])
	clean_up()


func test_a_request_nobody_serves_or_that_fails_there_is_an_error() -> void:
	var both: Array = await pair()
	check_error(await both[1].request(1, "nothing"), "no such method: request 'nothing' to peer 1")
	check_error(await both[1].request(1, "ä".repeat(9999)), "request '%s…' to peer 1" % "ä".repeat(32))
	var probe := NebulaAsyncProbe.new()
	both[0].serve(
		"broken", func(_sender: int) -> Variant: return await probe.failed_task("no coal").wait()
	)
	check_error(await both[1].request(1, "broken"), "the call failed: request 'broken' to peer 1: no coal")
	clean_up()


func test_what_cannot_be_called_is_an_error_and_not_a_null() -> void:
	var alone := branch(OfflineMultiplayerPeer.new())
	var dead := Emitter.new()
	alone.serve("few", func() -> int: return 1)
	alone.serve("typed", func(_sender: int, _count: int) -> int: return 1)
	alone.serve("gone", Callable(dead, "get_reference_count"))
	dead = null
	check_error(await alone.request(1, "few"), "too many arguments")
	check_error(await alone.request(1, "typed"), "too few arguments")
	check_error(await alone.request(1, "typed", ["no"]), "the call failed")
	check_error(await alone.request(1, "gone"), "the call failed")
	clean_up()


func answers() -> int:
	return Nebula.live_tasks().filter(func(row: Dictionary) -> bool: return row.name == "rpc answer").size()


func test_what_serves_a_peer_ends_when_that_goes_and_no_peer_may_pile_it_up() -> void:
	var both: Array = await pair()
	both[0].serve("never", func(_sender: int) -> void: await both[0].renamed)
	var errors := []
	var ask := func() -> void: errors.append(await both[1].request(1, "never", [], 20.0))
	for i in 300:
		ask.call()
	for i in 200:
		if errors.size() < 44:
			await frames(1)
	check_equal(errors.size(), 44, "refused")
	check_error(errors[0], "too many requests at once")
	check_equal(answers(), 256, "being answered")
	both[1].multiplayer.multiplayer_peer.close()
	for i in 200:
		if answers() != 0:
			await frames(1)
	check_equal(answers(), 0, "after the peer has gone")
	clean_up()


func test_a_request_without_an_answer_times_out() -> void:
	var both: Array = await pair()
	both[0].serve("never", func(_sender: int) -> void: await both[0].renamed)
	check_error(await both[1].request(1, "never", [], 0.05), "the time ran out")
	clean_up()


func test_a_request_without_a_limit_waits_and_one_without_a_time_does_not() -> void:
	var alone := branch(OfflineMultiplayerPeer.new())
	alone.serve("soon", func(_sender: int) -> int:
		await frames(5)
		return 3)
	check_equal(await alone.request(1, "soon", [], INF), 3)
	check_equal(await alone.request(1, "soon", [], 1e300), 3)
	check_error(await alone.request(1, "soon", [], NAN), "the time ran out")
	check_error(await alone.request(1, "soon", [], -INF), "the time ran out")
	await frames(6)  # what serves goes on for nobody
	clean_up()


func test_a_peer_that_is_not_there_or_goes_is_an_error_and_not_the_engines() -> void:
	var both: Array = await pair()
	check_error(await both[1].request(77, "add"), "not connected: request 'add' to peer 77")
	both[0].serve("never", func(_sender: int) -> void: await both[0].renamed)
	var got := []
	var ask := func() -> void: got.append(await both[1].request(1, "never", [], 20.0))
	ask.call()
	await frames(2)
	both[0].multiplayer.multiplayer_peer.close()
	both[1].multiplayer.multiplayer_peer.close()
	await frames(5)
	check_equal(got.size(), 1, "ended")
	if got.size() == 1:
		check_error(got[0], "not connected: request 'never' to peer 1")
	clean_up()


func test_a_request_to_oneself_is_answered_without_a_network() -> void:
	var alone := branch(OfflineMultiplayerPeer.new())
	alone.serve("twice", func(_sender: int, x: int) -> int: return 2 * x)
	check_equal(await alone.request(1, "twice", [4]), 8)
	clean_up()


func test_a_request_stands_in_a_combination() -> void:
	var alone := branch(OfflineMultiplayerPeer.new())
	alone.serve("twice", func(_sender: int, x: int) -> int: return 2 * x)
	alone.serve("never", func(_sender: int, _x: int) -> void: await alone.renamed)
	var probe := NebulaCombinationProbe.new()
	var answered := probe.rpc_in_time(alone, "twice", 1000.0)
	var late := probe.rpc_in_time(alone, "never", 0.05)
	var ended := probe.rpc_in_time(alone, "never", 1000.0)
	while probe.is_pending(late):
		await tree.process_frame
	check_equal(probe.log_of(answered), [8])
	check_equal(probe.log_of(late), ["error: the time ran out"])
	check(probe.is_pending(ended), "the other one goes on")
	alone.get_parent().remove_child(alone)
	await frames(2)
	check_equal(probe.log_of(ended), ["error: the peer is not connected"])
	alone.queue_free()
	clean_up()


func test_two_requests_are_waited_for_at_once() -> void:
	var probe := NebulaEngineWaitProbe.new()
	var alone := branch(OfflineMultiplayerPeer.new())
	alone.serve("twice", func(_sender: int, x: int) -> int: return 2 * x)
	var both := probe.ask_twice(alone, "twice")
	await settle()
	check_equal(probe.log_of(both), [6, 8])
	clean_up()


func test_a_node_that_leaves_the_tree_ends_its_requests() -> void:
	var alone := branch(OfflineMultiplayerPeer.new())
	alone.serve("never", func(_sender: int) -> void: await alone.renamed)
	var got := []
	var ask := func() -> void: got.append(await alone.request(1, "never", [], 20.0))
	ask.call()
	var root := alone.get_parent()
	root.remove_child(alone)
	await frames(2)
	check_equal(got.size(), 1, "ended")
	if got.size() == 1:
		check_error(got[0], "left the tree")
	root.add_child(alone)
	clean_up()

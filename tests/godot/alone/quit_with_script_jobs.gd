# Quits in the middle of functions of scripts on workers, of every kind. Those that ask end at once;
# the one of a node that does not ask has the node, and so the quit, wait for it, and is named. Those
# that have not begun never do.
# says: ^job: the node's function saw .* and ended$
# says: ^job: the function without a node ended$
# says: ^WARNING: the main thread has been waiting for 'never_asks', .* its node leaves the scene tree
extends SceneTree


class Emitter:
	extends RefCounted
	signal never


class Walker:
	extends Node
	var steps := PackedInt32Array([1, 2, 3])
	var began := Semaphore.new()
	var quits := Semaphore.new()

	func walk() -> int:
		began.post()
		var sum := 0
		while not Nebula.stop_requested():
			for step in steps:
				sum += step
		print("job: the node's function saw ", steps, " and ended")
		return sum

	func never_asks() -> int:
		began.post()
		quits.wait()
		var sum := 0
		var end := Time.get_ticks_msec() + 1500
		while Time.get_ticks_msec() < end:
			for step in steps:
				sum += step
		if steps.size() != 3:
			printerr("ERROR: the node was freed under its function")
		return sum

	func too_late() -> void:
		printerr("ERROR: a function began though the game had quit")


# Outlives the scripts of the tree.
class Listener:
	extends RefCounted
	static var all := []

	func listen(which: Variant) -> void:
		var got: Variant = await which
		if not got is NebulaTaskError:
			printerr("ERROR: not told that the game quits, but: ", got)
		all.erase(self)


var _emitter := Emitter.new()
var _probe: Variant


func _initialize() -> void:
	_run()


func _run() -> void:
	Nebula.set_thread_count(3)
	await process_frame
	_probe = ClassDB.instantiate("NebulaAsyncProbe")
	_probe.report_at_end()
	_probe.task_after(_emitter.never, 1)
	var walker := Walker.new()
	root.add_child(walker)
	# What runs first: these three keep all workers.
	Nebula.spawn(walker.walk, Nebula.BAND_FRAME)
	Nebula.spawn(walker.never_asks, Nebula.BAND_FRAME)
	var began := walker.began
	Nebula.spawn(without_node.bind(walker, began), Nebula.BAND_FRAME)
	for i in 3:
		began.wait()
	for i in 100:
		listen(Nebula.run(walker.too_late))
		listen(Nebula.par_map_async(1000, walker.too_late.unbind(1)))
		listen(Nebula.all([_emitter.never, Nebula.run(walker.too_late)]))
		listen(Nebula.any([_emitter.never, root.renamed]))
		listen(Nebula.timeout(_emitter.never, 1000.0))
		listen(Nebula.interval(1000.0).next())
	walker.quits.post()
	quit()


func listen(which: Variant) -> void:
	var listener := Listener.new()
	Listener.all.append(listener)
	listener.listen(which)


# Uses a node that is not its own.
static func without_node(walker: Walker, began: Semaphore) -> void:
	began.post()
	var sum := 0
	while not Nebula.stop_requested():
		for step in walker.steps:
			sum += step
	if walker.steps.size() != 3:
		printerr("ERROR: the tree was freed under a function without a node")
	print("job: the function without a node ended")

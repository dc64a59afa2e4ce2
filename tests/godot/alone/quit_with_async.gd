# Quits with many tasks of every kind of nebula/godot/async pending: owned by nodes that die with the
# tree, awaited by scripts, awaiting scripts, and waiting for tweens, timers, animations and loads.
extends SceneTree

const MANY := 60


class Emitter:
	extends RefCounted
	signal never


# Outlives the scripts of the tree: gets a NebulaTaskError at the extension's shutdown. It holds
# no task, since the engine (4.6.3) leaks what an interrupted coroutine holds.
class Listener:
	extends RefCounted
	static var all := []

	func listen(which: Variant) -> void:
		var got: Variant = await which
		if got.code != 3:
			printerr("ERROR: not told that the runtime has closed, but: ", got.message)
		all.erase(self)


class Waiter:
	extends Node
	signal never

	func wait() -> void:
		await never


var _emitter := Emitter.new()
var _probe: Variant
var _engine_probe: Variant


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	_probe = ClassDB.instantiate("NebulaAsyncProbe")
	_engine_probe = ClassDB.instantiate("NebulaEngineWaitProbe")
	_probe.report_at_end()
	var waiter := Waiter.new()
	root.add_child(waiter)
	var player := AnimationPlayer.new()
	var library := AnimationLibrary.new()
	library.add_animation("long", Animation.new())
	library.get_animation("long").length = 1000.0
	player.add_animation_library("", library)
	root.add_child(player)
	player.play("long")
	var timer := Timer.new()
	root.add_child(timer)
	timer.start(1000.0)
	for i in MANY:
		_probe.own(waiter, _emitter.never)
		_probe.own_until_exit(waiter, _emitter.never)
		_probe.own_nested(_emitter, root.renamed)
		_probe.own_frames(waiter)
		_probe.call_any(waiter, "wait")
		_probe.await_any(_emitter.never)
		var listener := Listener.new()
		Listener.all.append(listener)
		listener.listen(_probe.task_after(_emitter.never, i).wait())
		_probe.task_after(root.renamed, i)
		var tween := waiter.create_tween()
		tween.tween_interval(1000.0)
		_engine_probe.tween(tween)
		_engine_probe.timer(timer)
		_engine_probe.animation(player)
		_engine_probe.exit(waiter)
		_engine_probe.load_scene("res://data/small_scene.tscn")
	quit()

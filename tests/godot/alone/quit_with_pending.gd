# Quits with a hundred waits of every kind pending, and as many wakes on their way. run.sh looks at
# what is said afterwards: every coroutine destroyed, nothing leaked, no error.
extends SceneTree

const MANY := 100


# Begins waits as it leaves the tree, which at the end is the last that scripts do.
class Leaver:
	extends Node
	var probe: Variant

	func _exit_tree() -> void:
		for i in MANY:
			probe.wait_none(tree_exited)
			probe.wait_none(get_tree().process_frame)
			probe.wait_frames(1)


class Emitter:
	extends RefCounted
	signal never
	signal at_the_end
	signal from_a_thread


var _emitter := Emitter.new()
var _probe: Variant
var _signals: Variant


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	_probe = ClassDB.instantiate("NebulaTaskProbe")
	_signals = ClassDB.instantiate("NebulaSignalProbe")
	_probe.report_at_end()
	var leaver := Leaver.new()
	leaver.probe = _probe
	root.add_child(leaver)
	var combinations: Variant = ClassDB.instantiate("NebulaCombinationProbe")
	var node := Node.new()
	root.add_child(node)
	var orphaned := Node.new()
	root.add_child(orphaned)
	orphaned.queue_free()
	for i in MANY:
		var on_node: int = _probe.wait_none(node.renamed)
		_probe.wait_none(orphaned.renamed)
		_probe.wait_none(root.close_requested)
		_probe.wait_none(root.tree_exited)
		_probe.wait_none(node_configuration_warning_changed)
		_probe.wait_untyped(RenderingServer.frame_post_draw)
		_probe.wait_none(create_timer(1000.0).timeout)
		var tween := root.create_tween()
		tween.tween_interval(1000.0)
		_probe.wait_none(tween.finished)
		_probe.wait_fallible(_emitter.never)
		_probe.wait_none(_emitter.at_the_end)
		_probe.wait_none(_emitter.from_a_thread)
		_probe.wait_frames(1000000)
		_probe.sleep(1000.0)
		_probe.wait_for_event()
		_probe.join(on_node)
		_probe.wait_with_mischief(_emitter.never, on_node)
		_probe.hop_for_long(0.001)
		combinations.stay_on_worker(0.001)
		combinations.spawn_from_any_thread()
		combinations.first_of(_emitter.never, node.renamed)
		combinations.all_of(_emitter.never, node.renamed)
		combinations.limited(_emitter.never, 1000.0)
		combinations.in_phase(_emitter.at_the_end, 2)
		for which: Signal in [_emitter.never, _emitter.at_the_end, node.renamed, process_frame]:
			_signals.go_on(_signals.stream_untyped(which, 0, false))
			_signals.hold_stream(which)
			_signals.wait_inline(_emitter.never, 1)
	root.tree_exited.connect(_on_tree_exited)
	quit()


# The last thing before the extension's shutdown: these wakes find nobody who would pump.
func _on_tree_exited() -> void:
	_emitter.at_the_end.emit()
	var thread := Thread.new()
	thread.start(func() -> void: _emitter.from_a_thread.emit())
	thread.wait_to_finish()

# For scripts of alone/: begins with a probe that reports, at the end of the process, what is left of the
# extension's coroutines and callables, then calls _run().
extends SceneTree


func _initialize() -> void:
	var probe := NebulaAsyncProbe.new()
	probe.report_at_end()
	probe.own_frames(root)
	_run()


func _run() -> void:
	pass

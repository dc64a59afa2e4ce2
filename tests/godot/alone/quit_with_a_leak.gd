# Objects of ours that outlive the extension are told: the engine crashes when one is touched then.
# says: ^WARNING: 2 objects of NebulaAsyncNode outlive the extension; the engine crashes when one is used or freed$
# says: ^WARNING: .*ObjectDB instances? .*leaked at exit
extends SceneTree


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	var probe := NebulaAsyncProbe.new()
	probe.report_at_end()
	probe.own_frames(root)
	for i in 2:
		NebulaAsyncNode.new()  # nodes that nobody frees
	quit()

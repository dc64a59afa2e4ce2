# Quits in the middle of two jobs on the worker pool. The one that looks at its stop token ends at
# once, however long it would have run. The other one never looks, so the quit waits for it and says
# from the first second on what it is waiting for.
# says: ^job: stopped early$
# says: ^WARNING: worker pool: .*bake blindly.*nebula-worker-
extends SceneTree


func _initialize() -> void:
	_run()


func _run() -> void:
	Nebula.set_thread_count(2)
	await process_frame
	var probe: Variant = ClassDB.instantiate("NebulaAsyncProbe")
	probe.report_at_end()
	probe.long_job(250.0, true)  # the engine is stopped after 300 s
	probe.long_job(2.5, false)
	OS.delay_msec(300)  # both have begun; a timer of --fixed-fps would not take that long
	quit()

# A project setting for tasks that is not a number of at least 0 causes one warning, and turns nothing on.
# says: ^WARNING: the project setting nebula/tasks/budget_msec is 'soon', which is not a number of at least 0; using 0, which turns it off$
# says: ^WARNING: the project setting nebula/tasks/stuck_warning_seconds is '-1.0', which is not a number of at least 0; using 0, which turns it off$
extends SceneTree


# Before the extension's main loop, which reads them as it starts.
func _init() -> void:
	ProjectSettings.set_setting("nebula/tasks/budget_msec", "soon")
	ProjectSettings.set_setting("nebula/tasks/stuck_warning_seconds", -1.0)


func _initialize() -> void:
	_run()


func _run() -> void:
	var probe := NebulaAsyncProbe.new()
	probe.report_at_end()
	probe.own_frames(root)
	await process_frame
	await process_frame
	quit()

# A project setting for tasks that is not a number of at least 0 causes one warning, and turns nothing on.
# says: ^WARNING: the project setting nebula/tasks/budget_msec is 'soon', which is not a number of at least 0; using 0, which turns it off$
# says: ^WARNING: the project setting nebula/tasks/stuck_warning_seconds is '-1.0', which is not a number of at least 0; using 0, which turns it off$
extends "res://probed_tree.gd"


# Before the extension's main loop, which reads them as it starts.
func _init() -> void:
	ProjectSettings.set_setting("nebula/tasks/budget_msec", "soon")
	ProjectSettings.set_setting("nebula/tasks/stuck_warning_seconds", -1.0)


func _run() -> void:
	await process_frame
	await process_frame
	quit()

# Nebula.configure() takes what the engine takes for a path: res://, user://, and plain paths.
extends SceneTree

const TOML := "[threading.worker_pool]\nthread_count = %d\n"


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	var probe := NebulaAsyncProbe.new()
	probe.report_at_end()
	probe.own_frames(root)
	check(Nebula.configure("res://data/three_workers.toml") == "", "a file of the project")
	check(Nebula.worker_count() == 3, "it is read")
	var path := "user://nebula_engine_paths.toml"
	var file := FileAccess.open(path, FileAccess.WRITE)
	file.store_string(TOML % 2)
	file.close()
	check(Nebula.configure(path) == "", "a file of the user")
	check(Nebula.worker_count() == 2, "it is read")
	check(Nebula.configure(ProjectSettings.globalize_path("res://data/three_workers.toml")) == "", "plain")
	check(Nebula.worker_count() == 3, "it is read")
	DirAccess.remove_absolute(path)
	var missing := Nebula.configure("res://data/nothing.toml")
	check("res://data/nothing.toml" in missing and "no such file" in missing, missing)
	check("the path is empty" in Nebula.configure(""), Nebula.configure(""))
	check("names a folder, not a TOML file" in Nebula.configure("res://"), Nebula.configure("res://"))
	file = FileAccess.open(path, FileAccess.WRITE)
	file.store_string(TOML % -1)
	file.close()
	var wrong := Nebula.configure(path)
	check(path in wrong and "thread_count" in wrong, wrong)
	DirAccess.remove_absolute(path)
	quit()


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: does not hold: ", claim)

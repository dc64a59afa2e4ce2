extends Node
## Shows every scene of examples/ for a moment, or the one that --examples=NAME names: starts it, lets
## it do what it is for, takes a picture, and frees it. Fails if the engine reported an error, if what
## is shown does not fit together, or if anything is left.

const Example := preload("res://examples/stage/example.gd")
const DemoReport := preload("res://report.gd")
const Picture := preload("res://picture.gd")
const FOLDER := "res://examples"
const LIMIT_SECONDS := 60

var _errors := DemoReport.ErrorCounter.new()
var _showing := ""
var _deadline_msec := 0


## By the clock: a frame may take no time at all.
func _process(_delta: float) -> void:
	if not _showing.is_empty() and Time.get_ticks_msec() > _deadline_msec:
		printerr("nebula: the example %s did not end within %d s" % [_showing, LIMIT_SECONDS])
		get_tree().quit(1)


## A person sees one example, the first if none is named.
func play(options: Dictionary) -> void:
	var names := _names(options["examples"])
	if not names.is_empty():
		get_tree().change_scene_to_file.call_deferred(_path(names[0]))


## Returns the exit code.
func run(options: Dictionary) -> int:
	var names := _names(options["examples"])
	if names.is_empty():
		return 2
	OS.add_logger(_errors)
	get_viewport().disable_3d = Picture.draws_by_software()
	var exit_code := 0
	for name in names:
		exit_code = maxi(exit_code, await _show(name, options.get("pictures", "")))
	OS.remove_logger(_errors)
	print("%d examples, %d errors" % [names.size(), _errors.count])
	return exit_code


func _show(name: String, pictures: String) -> int:
	var errors_before := _errors.count
	var started := Time.get_ticks_msec()
	var example: Example = load(_path(name)).instantiate()
	example.on_tour = true
	add_child(example)
	_showing = name
	_deadline_msec = started + LIMIT_SECONDS * 1000
	await example.prepare()
	await example.perform()
	await example.terrain.wait_loaded()
	var wrong := example.terrain.audit()
	if not wrong.is_empty():
		push_error("What %s shows does not fit together: %s" % [name, wrong.left(500)])
	_showing = ""
	var exit_code := 0
	if not pictures.is_empty():
		exit_code = Picture.write(await Picture.take(get_viewport()), pictures.path_join(name + ".png"))
	example.queue_free()
	example = null
	for i in 20:
		await get_tree().process_frame
	if Nebula.live_engine_resources() > 0:
		push_error("%s left %d things in the engine." % [name, Nebula.live_engine_resources()])
	print("example  %-16s %4.1f s" % [name, (Time.get_ticks_msec() - started) / 1000.0])
	return maxi(exit_code, 1 if _errors.count > errors_before else 0)


func _names(wanted: String) -> PackedStringArray:
	var names: PackedStringArray
	for file in ResourceLoader.list_directory(FOLDER):
		if file.ends_with(".tscn") and (wanted.is_empty() or file.get_basename() == wanted):
			names.append(file.get_basename())
	if names.is_empty():
		printerr("nebula: there is no example '%s' in demo/examples" % wanted)
	return names


func _path(name: String) -> String:
	return FOLDER.path_join(name + ".tscn")

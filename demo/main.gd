extends Node
## Reads the command line and starts what it asks for: a tour, which plays by itself and ends the
## program, or the same place for a person.
##
## User arguments (after `--`), as `./run demo` passes them:
##   --dig              the digging game (dig/) instead of the craters
##   --cookbook[=NAME]  every recipe of cookbook/ instead, or one
##   --play             for a person
##   --threads=N --config=FILE          the worker pool
##   --seconds=S --flight=S             how long the craters are dug, and flown over
##   --report=FILE --screenshot=FILE --pictures=FOLDER   what is written
## Without any, as when started from the editor, there is a menu of all of it.

const CRATERS := "res://crater_tour.gd"
const DIG := "res://dig/dig_tour.gd"
const COOKBOOK := "res://cookbook/stage/cookbook_tour.gd"
const MENU := "res://cookbook/menu.tscn"
const EXIT_BAD_INPUT := 2

var _options: Dictionary


func _ready() -> void:
	if OS.get_cmdline_user_args().is_empty():
		get_tree().change_scene_to_file.call_deferred(MENU)
		return
	var problem := _read_arguments(OS.get_cmdline_user_args())
	if problem.is_empty() and _options.has("config"):
		problem = Nebula.configure(_options["config"])
	if problem.is_empty() and _options.has("threads"):
		problem = Nebula.set_thread_count(_options["threads"])
	if not problem.is_empty():
		printerr("nebula: ", problem)
		get_tree().quit(EXIT_BAD_INPUT)
		return
	var tour: Node = load(DIG if _options.has("dig") else COOKBOOK if _options.has("cookbook") else CRATERS).new()
	add_child(tour)
	if _options.has("play"):
		tour.play(_options)
	else:
		get_tree().quit(await tour.run(_options))


## Returns an empty string, or one sentence that says what was wrong.
func _read_arguments(arguments: PackedStringArray) -> String:
	for argument in arguments:
		var name := argument.get_slice("=", 0).trim_prefix("--")
		var value := argument.substr(argument.find("=") + 1) if "=" in argument else ""
		match name:
			"dig", "play":
				_options[name] = true
			"cookbook":
				_options[name] = value
			"threads":
				if not value.is_valid_int() or value.to_int() < 1:
					return "--threads needs a whole number of at least 1, not '%s'" % value
				_options[name] = value.to_int()
			"seconds", "flight":
				if not value.is_valid_float() or value.to_float() <= 0.0:
					return "--%s needs a number of seconds above 0, not '%s'" % [name, value]
				_options[name] = value.to_float()
			"config", "report", "screenshot", "pictures":
				if value.is_empty():
					return "--%s needs a name" % name
				_options[name] = value
			_:
				return "unknown argument '%s'; main.gd lists the known ones" % argument
	return ""

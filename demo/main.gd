extends Node
## Reads the command line and starts what it asks for: a tour, which plays by itself and ends the
## program, or the same place for a person.
##
## User arguments (after `--`), as `./run demo` passes them:
##   --dig              the digging game (dig/) instead of the craters
##   --examples[=NAME]  every scene of examples/ instead, or one
##   --play             for a person; so it is without any argument, as when started from the editor
##   --threads=N --config=FILE          the worker pool
##   --seconds=S --flight=S             how long the craters are dug, and flown over
##   --report=FILE --screenshot=FILE --pictures=FOLDER   what is written

const CRATERS := "res://crater_tour.gd"
const DIG := "res://dig/dig_tour.gd"
const EXAMPLES := "res://examples/stage/example_tour.gd"
const EXIT_BAD_INPUT := 2

var _options: Dictionary


func _ready() -> void:
	var problem := _read_arguments(OS.get_cmdline_user_args())
	if problem.is_empty() and _options.has("config"):
		problem = Nebula.configure(_options["config"])
	if problem.is_empty() and _options.has("threads"):
		problem = Nebula.set_thread_count(_options["threads"])
	if not problem.is_empty():
		printerr("nebula: ", problem)
		get_tree().quit(EXIT_BAD_INPUT)
		return
	var tour: Node = load(DIG if _options.has("dig") else EXAMPLES if _options.has("examples") else CRATERS).new()
	add_child(tour)
	if _options.is_empty() or _options.has("play"):
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
			"examples":
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

extends Node
## Shows every recipe for a moment, or the one that --cookbook=NAME names: starts it, lets it do what it
## is for, takes a picture, and frees it. Fails if the engine reported an error, if what is shown does
## not fit together, or if anything is left.

const Recipe := preload("res://cookbook/stage/recipe.gd")
const Recipes := preload("res://cookbook/stage/recipes.gd")
const DemoReport := preload("res://report.gd")
const Picture := preload("res://picture.gd")
const LIMIT_SECONDS := 60

var _errors := DemoReport.ErrorCounter.new()
var _showing := ""
var _deadline_msec := 0


## By the clock: a frame may take no time at all.
func _process(_delta: float) -> void:
	if not _showing.is_empty() and Time.get_ticks_msec() > _deadline_msec:
		printerr("nebula: the recipe %s did not end within %d s" % [_showing, LIMIT_SECONDS])
		get_tree().quit(1)


## A person chooses from the menu, if no recipe is named.
func play(options: Dictionary) -> void:
	var names := _names(options["cookbook"])
	if options["cookbook"].is_empty():
		get_tree().change_scene_to_file.call_deferred(Recipes.MENU)
	elif not names.is_empty():
		get_tree().change_scene_to_file.call_deferred(Recipes.path_of(names[0]))


## Returns the exit code.
func run(options: Dictionary) -> int:
	var names := _names(options["cookbook"])
	if names.is_empty():
		return 2
	OS.add_logger(_errors)
	get_viewport().disable_3d = Picture.draws_by_software()
	var pictures: String = options.get("pictures", "")
	var exit_code := 0
	if options["cookbook"].is_empty():
		exit_code = await _show_menu(names, pictures)
	for name in names:
		exit_code = maxi(exit_code, await _show(name, pictures))
	OS.remove_logger(_errors)
	print("%d recipes, %d errors" % [names.size(), _errors.count])
	return exit_code


## The menu has an entry for each, with a sentence.
func _show_menu(names: PackedStringArray, pictures: String) -> int:
	var menu: Control = load(Recipes.MENU).instantiate()
	add_child(menu)
	await get_tree().process_frame
	for name in names:
		if Recipes.help_of(name).is_empty():
			push_error("%s has no help text." % name)
		if not menu.get_node("%Entries").has_node(name):
			push_error("The menu does not have %s." % name)
	var exit_code := 0
	if not pictures.is_empty():
		exit_code = Picture.write(await Picture.take(get_viewport()), pictures.path_join("menu.png"))
	menu.free()
	return exit_code


func _show(name: String, pictures: String) -> int:
	var errors_before := _errors.count
	var started := Time.get_ticks_msec()
	var recipe: Recipe = load(Recipes.path_of(name)).instantiate()
	recipe.on_tour = true
	add_child(recipe)
	_showing = name
	_deadline_msec = started + LIMIT_SECONDS * 1000
	await recipe.prepare()
	await recipe.perform()
	await recipe.terrain.wait_loaded()
	var wrong := recipe.terrain.audit()
	if not wrong.is_empty():
		push_error("What %s shows does not fit together: %s" % [name, wrong.left(500)])
	_showing = ""
	var exit_code := 0
	if not pictures.is_empty():
		exit_code = Picture.write(await Picture.take(get_viewport()), pictures.path_join(name + ".png"))
	recipe.queue_free()
	recipe = null
	for i in 20:
		await get_tree().process_frame
	if Nebula.live_engine_resources() > 0:
		push_error("%s left %d things in the engine." % [name, Nebula.live_engine_resources()])
	print("recipe   %-16s %4.1f s" % [name, (Time.get_ticks_msec() - started) / 1000.0])
	return maxi(exit_code, 1 if _errors.count > errors_before else 0)


func _names(wanted: String) -> PackedStringArray:
	var names := Recipes.names()
	if not wanted.is_empty():
		names = PackedStringArray([wanted]) if wanted in names else PackedStringArray()
	if names.is_empty():
		printerr("nebula: there is no recipe '%s' in demo/cookbook" % wanted)
	return names

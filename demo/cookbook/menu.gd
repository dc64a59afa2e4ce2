extends Control
## What there is to see: the two games, and the recipes, each with a sentence. Enter or a click starts
## one; Escape comes back from a recipe, and leaves here.

const Recipes := preload("res://cookbook/stage/recipes.gd")
const CRATERS := "res://crater_tour.gd"
const DIG := "res://dig/dig.tscn"
const GREY := Color(0.62, 0.68, 0.74)

## The entry that was started last, to come back to.
static var _last := "craters"


func _ready() -> void:
	Input.mouse_mode = Input.MOUSE_MODE_VISIBLE
	_add_title("Games")
	_add("craters", "Four kilometres of hills to fly over and to dig in.", _play_craters)
	_add("dig", "A digging game: walk, dig, build, throw crates, save.", _open.bind(DIG))
	_add_title("Recipes")
	for name in Recipes.names():
		_add(name, Recipes.help_of(name).get_slice("\n", 0), _open.bind(Recipes.path_of(name)))
	var last: Button = %Entries.get_node_or_null(_last)
	if last != null:
		await get_tree().process_frame  # until then nothing has a place to scroll to
		last.grab_focus()


func _unhandled_input(event: InputEvent) -> void:
	if event.is_action_pressed(&"ui_cancel"):
		get_tree().quit()


func _add_title(text: String) -> void:
	var title := Label.new()
	title.text = text
	title.add_theme_font_size_override(&"font_size", 20)
	title.add_theme_color_override(&"font_color", GREY)
	%Entries.add_child(title)


func _add(entry_name: String, sentence: String, start: Callable) -> void:
	var entry := Button.new()
	entry.name = entry_name
	entry.text = "%s\n%s" % [entry_name.replace("_", " ").capitalize(), sentence]
	entry.alignment = HORIZONTAL_ALIGNMENT_LEFT
	entry.clip_text = true
	entry.add_theme_constant_override(&"line_spacing", 2)
	entry.pressed.connect(func() -> void:
		_last = entry_name
		start.call())
	%Entries.add_child(entry)


func _open(path: String) -> void:
	get_tree().change_scene_to_file(path)


func _play_craters() -> void:
	var tour: Node = load(CRATERS).new()
	get_tree().root.add_child(tour)
	get_tree().current_scene = tour
	tour.play({})
	queue_free()

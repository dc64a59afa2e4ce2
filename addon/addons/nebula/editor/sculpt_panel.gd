# The panel beside the 3D view, for the selected terrain: a tool, its size and strength, a material. Where
# the terrain has no file for what is sculpted, or cannot use it, one button makes one.
@tool
extends PanelContainer

const SculptBrush := preload("sculpt_brush.gd")
const Tool := SculptBrush.Tool
const WIDTH := 176
const ICON_SIZE := Vector2i(32, 32)
const TOOLS := [
	[Tool.NONE, "Select", "Select and move nodes, as without this panel. (Esc)"],
	[Tool.RAISE, "Raise", "Moves the surface out. With Shift: in. (Shift+1)"],
	[Tool.LOWER, "Lower", "Moves the surface in. With Shift: out. (Shift+2)"],
	[Tool.SMOOTH, "Smooth", "Evens out the surface. Any other tool does so with Ctrl. (Shift+3)"],
	[Tool.FLATTEN, "Flatten", "Makes the surface as flat as it is where the stroke begins. (Shift+4)"],
	[Tool.PAINT, "Paint", "Changes what the ground is made of. (Shift+5)"],
	[Tool.ADD, "Add", "Adds ground in the brush's shape. With Shift: removes it. (Shift+6)"],
	[Tool.DIG, "Dig", "Removes ground in the brush's shape. With Shift: adds it. (Shift+7)"],
	[Tool.STAMP, "Stamp", "Puts a mesh or a VoxelStamp into the ground. With Shift: digs it out. (Shift+8)"],
]

var terrain: VoxelTerrain:
	set(value):
		terrain = value
		_show_terrain()

var _brush: SculptBrush
var _plugin: EditorPlugin
var _tools := {}  # a button for each tool
var _numbers := {}  # of a property of the brush: its slider, label, title and unit
var _shape: OptionButton
var _stamp: EditorResourcePicker
var _materials: ItemList
var _no_materials: Label
var _problem: VBoxContainer
var _problem_text: Label
var _create: Button
var _shown_library: Array = []  # what the list of materials was made of


func _init(brush: SculptBrush = null, plugin: EditorPlugin = null) -> void:
	_brush = brush
	_plugin = plugin
	name = "NebulaSculpt"
	custom_minimum_size.x = WIDTH
	var scroll := ScrollContainer.new()
	scroll.horizontal_scroll_mode = ScrollContainer.SCROLL_MODE_DISABLED
	add_child(scroll)
	var column := VBoxContainer.new()
	column.size_flags_horizontal = SIZE_EXPAND_FILL
	scroll.add_child(column)
	_add_problem(column)
	_add_tools(column)
	var radius := _add_number(
		column, &"radius", "Size", " m", "The brush's radius. Shift and the mouse wheel, or the keys [ and ]."
	)
	radius.min_value = SculptBrush.LEAST_RADIUS
	radius.max_value = SculptBrush.MOST_RADIUS
	radius.step = 0.1
	radius.exp_edit = true
	var strength := _add_number(
		column, &"strength", "Strength", "", "How fast the surface moves. Ctrl and the mouse wheel."
	)
	strength.min_value = SculptBrush.LEAST_STRENGTH
	_add_number(column, &"falloff", "Falloff", "", "How far from its rim inwards the brush is weaker.")
	_add_shape(column)
	_add_materials(column)
	if _brush != null:
		_brush.changed.connect(_show_brush)
		_show_brush()
	# Only now: a slider's limits change its value.
	for property: StringName in _numbers:
		_numbers[property][0].value_changed.connect(func(value: float) -> void: _brush.set(property, value))


func _add_problem(column: VBoxContainer) -> void:
	_problem = VBoxContainer.new()
	_problem_text = _text()
	_problem_text.name = "Problem"
	_problem.add_child(_problem_text)
	_create = Button.new()
	_create.name = "CreateWorld"
	_create.text = "Create World File"
	_create.focus_mode = FOCUS_NONE
	_create.pressed.connect(create_world)
	_problem.add_child(_create)
	_problem.add_child(HSeparator.new())
	column.add_child(_problem)


func _add_tools(column: VBoxContainer) -> void:
	var grid := GridContainer.new()
	grid.columns = 2
	var group := ButtonGroup.new()
	for entry: Array in TOOLS:
		var button := Button.new()
		button.name = entry[1]
		button.text = entry[1]
		button.tooltip_text = entry[2]
		button.toggle_mode = true
		button.button_group = group
		button.focus_mode = FOCUS_NONE  # keys stay with the 3D view
		button.size_flags_horizontal = SIZE_EXPAND_FILL
		button.pressed.connect(func() -> void: _brush.tool = entry[0])
		grid.add_child(button)
		_tools[entry[0]] = button
	column.add_child(grid)


# From 0 to 1.
func _add_number(
	column: VBoxContainer, property: StringName, title: String, unit: String, tooltip: String
) -> HSlider:
	var label := Label.new()
	var slider := HSlider.new()
	slider.name = title
	slider.max_value = 1.0
	slider.step = 0.05
	slider.tooltip_text = tooltip
	slider.focus_mode = FOCUS_NONE
	_numbers[property] = [slider, label, title, unit]
	column.add_child(label)
	column.add_child(slider)
	return slider


func _text() -> Label:
	var label := Label.new()
	label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	label.custom_minimum_size.x = WIDTH - 16
	return label


func _add_shape(column: VBoxContainer) -> void:
	_shape = OptionButton.new()
	_shape.name = "Shape"
	_shape.focus_mode = FOCUS_NONE
	_shape.tooltip_text = "What Add, Dig and Paint work in."
	_shape.add_item("Sphere", SculptBrush.Shape.SPHERE)
	_shape.add_item("Box", SculptBrush.Shape.BOX)
	_shape.item_selected.connect(func(which: int) -> void: _brush.shape = which as SculptBrush.Shape)
	column.add_child(_shape)
	_stamp = EditorResourcePicker.new()
	_stamp.name = "StampSource"
	_stamp.base_type = "VoxelStamp,Mesh"
	_stamp.tooltip_text = "What the stamp is. A mesh must be closed, and is made as large as the brush."
	_stamp.resource_changed.connect(func(source: Resource) -> void: _brush.stamp_source = source)
	column.add_child(_stamp)


func _add_materials(column: VBoxContainer) -> void:
	var title := Label.new()
	title.text = "Material"
	column.add_child(title)
	_no_materials = _text()
	_no_materials.text = "To paint, set the terrain's Material Library."
	column.add_child(_no_materials)
	_materials = ItemList.new()
	_materials.name = "Materials"
	_materials.auto_height = true
	_materials.fixed_icon_size = ICON_SIZE
	_materials.focus_mode = FOCUS_NONE
	_materials.item_selected.connect(func(which: int) -> void: _brush.material = which)
	column.add_child(_materials)


# The inspector may change anything while the panel is shown.
func _process(_delta: float) -> void:
	if not is_visible_in_tree():
		return
	var problem := _brush.problem()
	_problem.visible = not problem.is_empty()
	if _problem_text.text != problem:
		_problem_text.text = problem
	_create.visible = terrain != null and terrain.generator != null
	_show_materials()


func _show_terrain() -> void:
	if terrain == null:
		return
	_shown_library = []
	_show_materials()


func _show_brush() -> void:
	_tools[_brush.tool].button_pressed = true  # and no other one of the group
	for property: StringName in _numbers:
		var number: Array = _numbers[property]
		var value: float = _brush.get(property)
		number[0].set_value_no_signal(value)
		number[1].text = "%s: %s%s" % [number[2], String.num(value, 2), number[3]]
	_shape.select(_brush.shape)
	_shape.visible = SculptBrush.WITH_SHAPE.has(_brush.tool)
	_stamp.visible = _brush.tool == Tool.STAMP
	if _brush.material < _materials.item_count and not _materials.is_selected(_brush.material):
		_materials.select(_brush.material)


func _show_materials() -> void:
	var library: VoxelMaterialLibrary = null if terrain == null else terrain.material_library
	var looks := []
	if library != null:
		for material: VoxelMaterial in library.materials:
			looks.append(
				[] if material == null else [material.resource_name, material.albedo_color, material.albedo_texture]
			)
	if looks == _shown_library and _materials.item_count == looks.size():
		return
	_shown_library = looks
	_materials.clear()
	for i in looks.size():
		var look: Array = looks[i]
		if look.is_empty():
			_materials.add_item("%d (none)" % i)
			continue
		var title: String = look[0]
		_materials.add_item(title if not title.is_empty() else "Material %d" % i, _icon_of(look[1], look[2]))
		# The picture is multiplied with the colour on the ground, too.
		if look[2] != null:
			_materials.set_item_icon_modulate(i, look[1])
	_materials.visible = not looks.is_empty()
	_no_materials.visible = looks.is_empty()
	_show_brush()


func _icon_of(color: Color, texture: Texture2D) -> Texture2D:
	if texture != null:
		return texture
	var image := Image.create(ICON_SIZE.x, ICON_SIZE.y, false, Image.FORMAT_RGB8)
	image.fill(color)
	return ImageTexture.create_from_image(image)


# Makes the file that the terrain's store names. If it names none, or one that is there and cannot be used,
# the terrain gets a store of its own, with a file beside its scene. The editor's history takes that back;
# the file stays.
func create_world() -> void:
	var root := EditorInterface.get_edited_scene_root()
	var of := terrain
	if of == null or root == null:
		return
	var store: VoxelWorldStore = of.world_store
	if store != null and not store.starting_path.is_empty() and not FileAccess.file_exists(store.starting_path):
		if await _make_file(of, store.starting_path):
			of.regenerate()
		return
	if root.scene_file_path.is_empty():
		SculptBrush.warn("Save the scene first: the world file gets a name beside it.")
		return
	store = VoxelWorldStore.new() if store == null else store.duplicate()
	store.starting_path = _free_path(root.scene_file_path.get_basename(), of.name.to_snake_case())
	if root.find_children("*", "VoxelTerrain", true, false).any(_has_file.bind(of, store.file_path)):
		store.file_path = "%s_%s.%s" % [
			store.file_path.get_basename(), of.name.to_snake_case(), store.file_path.get_extension()
		]
	if not await _make_file(of, store.starting_path):
		return
	var undo := EditorInterface.get_editor_undo_redo()
	undo.create_action("Create World File", UndoRedo.MERGE_DISABLE, of)
	undo.add_do_property(of, &"world_store", store)
	undo.add_undo_property(of, &"world_store", of.world_store)
	undo.commit_action()


# Whether another terrain keeps what players change in this file.
func _has_file(other: VoxelTerrain, of: VoxelTerrain, path: String) -> bool:
	return other != of and not path.is_empty() and other.world_store != null and other.world_store.file_path == path


# Whether there is one now, and the terrain is still there: a large copy takes a while.
func _make_file(of: VoxelTerrain, path: String) -> bool:
	_create.disabled = true
	var problem: String = await _plugin.call(&"make_world", of, path)
	_create.disabled = false
	if not problem.is_empty():
		SculptBrush.warn(problem)
	return problem.is_empty() and is_instance_valid(of)


func _free_path(scene: String, node: String) -> String:
	var path := scene + ".nebula"
	if FileAccess.file_exists(path):
		path = "%s_%s.nebula" % [scene, node]
	var number := 2
	while FileAccess.file_exists(path):
		path = "%s_%s_%d.nebula" % [scene, node, number]
		number += 1
	return path

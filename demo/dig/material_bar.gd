extends HBoxContainer
## The materials of the terrain's library with what the player has of each. Number keys choose one.

const BrushTool := preload("res://dig/brush_tool.gd")
const SLOT_SIZE := Vector2(92, 12)

var tool: BrushTool:
	set(value):
		tool = value
		_make_slots()

var _labels: Array[Label] = []


func _make_slots() -> void:
	var materials := tool.terrain.material_library.materials
	for i in materials.size():
		var swatch := ColorRect.new()
		swatch.color = materials[i].albedo_color
		swatch.custom_minimum_size = SLOT_SIZE
		var label := Label.new()
		label.horizontal_alignment = HORIZONTAL_ALIGNMENT_CENTER
		var slot := VBoxContainer.new()
		slot.mouse_filter = Control.MOUSE_FILTER_IGNORE
		swatch.mouse_filter = Control.MOUSE_FILTER_IGNORE
		slot.add_child(swatch)
		slot.add_child(label)
		add_child(slot)
		_labels.append(label)


func _process(_delta: float) -> void:
	if tool == null:
		return
	var materials := tool.terrain.material_library.materials
	for i in _labels.size():
		_labels[i].text = "%d %s\n%d m³" % [i + 1, materials[i].resource_name, tool.inventory.volume(i)]
		# The chosen one stands out.
		get_child(i).modulate = Color.WHITE if i == tool.inventory.chosen else Color(1, 1, 1, 0.5)


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed:
		var number := int(event.keycode) - KEY_1
		if number >= 0 and number < _labels.size():
			tool.inventory.chosen = number

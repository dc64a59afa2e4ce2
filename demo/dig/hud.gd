extends CanvasLayer
## What is written over the picture: a cross to aim with, the help, the inventory, a message.

const BrushTool := preload("res://dig/brush_tool.gd")
const SECONDS_OF_A_MESSAGE := 4.0

@export var tool: BrushTool

var _message_left := 0.0

@onready var _message: Label = %Message
@onready var _brush: Label = %Brush
@onready var _help: Control = %Help
@onready var map: TextureRect = %Map
@onready var materials: Control = %Materials


func _process(delta: float) -> void:
	_brush.text = "brush\n%.2f m" % tool.radius
	_message_left -= delta
	_message.visible = _message_left > 0.0


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed and not event.echo and event.keycode == KEY_H:
		_help.visible = not _help.visible


func say(message: String) -> void:
	_message.text = message
	_message_left = SECONDS_OF_A_MESSAGE


## What is said now, or the last thing that was.
func message() -> String:
	return _message.text

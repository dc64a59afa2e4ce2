extends Control
## Shows over the game what the workers are doing: a bar for each worker, the queue, and the main
## thread's time in the last frame. Add the scene to yours and set `terrain` in the inspector. Without
## a terrain it shows the pool alone.

const WIDTH := 340.0
const PADDING := 12.0
const BAR := Rect2(80, 4, 140, 10)

## The terrain to show; may be empty.
@export var terrain: VoxelTerrain

@onready var _text: Label = $Text
# Not by its name: when the editor opens a project for the first time, it reads the scripts before it
# loads the extension.
@onready var _nebula: Object = Engine.get_singleton(&"Nebula")


func _process(_delta: float) -> void:
	var utilization: PackedFloat32Array = _nebula.utilization_per_worker()
	var lines: PackedStringArray = []
	for i in utilization.size():
		lines.append("worker %-2d %35.0f %%" % [i, utilization[i] * 100.0])
	lines.append("frame  %.2f ms of main thread, %d fps" % [_nebula.frame_work_msec(), Engine.get_frames_per_second()])
	if is_instance_valid(terrain):
		var statistics: Dictionary = terrain.get_statistics()
		lines.append("build  %d queued, %d begun; %d wait in %d steps" % [statistics["queued"], statistics["in_flight"], statistics["waiting"], statistics["steps"]])
		lines.append("loaded %d of %d chunks" % [statistics["loaded"], statistics["wanted"]])
		lines.append("levels " + " ".join(Array(statistics["levels"]).map(str)))
		lines.append("mesh   %.2f M triangles" % (statistics["triangles_shown"] / 1e6))
	else:
		lines.append("queue  %d tasks" % _nebula.queue_depth())
	_text.text = "\n".join(lines)
	size = Vector2(WIDTH, PADDING * 2.0 + _row_height() * lines.size())
	queue_redraw()


func _draw() -> void:
	draw_rect(Rect2(Vector2.ZERO, size), Color(0.05, 0.07, 0.10, 0.72))
	var utilization: PackedFloat32Array = _nebula.utilization_per_worker()
	for i in utilization.size():
		var bar := BAR
		bar.position += Vector2(PADDING, PADDING + _row_height() * i)
		draw_rect(bar, Color(1, 1, 1, 0.12))
		bar.size.x *= utilization[i]
		draw_rect(bar, Color(0.36, 0.78, 0.62))


func _row_height() -> float:
	return float(_text.get_line_height() + _text.get_theme_constant("line_spacing"))

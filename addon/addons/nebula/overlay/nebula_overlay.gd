extends Control
## What the workers are doing, drawn over the game: a bar per worker, the queue, the frame's own
## time. Instance the scene and set `terrain`, or leave it empty to see the pool alone.

const BAR_SIZE := Vector2(150, 10)
const ROW_HEIGHT := 18.0
const PADDING := 12.0

var terrain: VoxelTerrain

@onready var _font := ThemeDB.fallback_font


func _process(_delta: float) -> void:
	queue_redraw()


func _draw() -> void:
	var utilization := Nebula.utilization_per_worker()
	var lines: PackedStringArray = [
		"frame  %5.2f ms of main thread, %d fps" % [Nebula.frame_work_msec(), Engine.get_frames_per_second()],
		"queue  %d" % Nebula.queue_depth(),
	]
	if is_instance_valid(terrain):
		var statistics := terrain.get_statistics()
		lines[1] = "queue  %d chunks" % statistics["queued"]
		lines.append("loaded %d of %d chunks" % [statistics["loaded"], statistics["wanted"]])
		lines.append("mesh   %.2f M triangles" % (statistics["triangles_shown"] / 1e6))
	var height := PADDING * 2.0 + ROW_HEIGHT * (utilization.size() + lines.size())
	draw_rect(Rect2(Vector2.ZERO, Vector2(300, height)), Color(0.05, 0.07, 0.10, 0.72))
	var y := PADDING + 11.0
	for i in utilization.size():
		_text(Vector2(PADDING, y), "worker %d" % i)
		var bar := Rect2(Vector2(80, y - 9.0), BAR_SIZE)
		draw_rect(bar, Color(1, 1, 1, 0.12))
		draw_rect(Rect2(bar.position, Vector2(BAR_SIZE.x * utilization[i], BAR_SIZE.y)), Color(0.36, 0.78, 0.62))
		_text(Vector2(240, y), "%3.0f %%" % (utilization[i] * 100.0))
		y += ROW_HEIGHT
	for line in lines:
		_text(Vector2(PADDING, y), line)
		y += ROW_HEIGHT


func _text(at: Vector2, text: String) -> void:
	draw_string(_font, at, text, HORIZONTAL_ALIGNMENT_LEFT, -1, 13, Color(0.92, 0.94, 0.96))

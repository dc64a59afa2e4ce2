extends Control
## Shows over the game what the workers, the main thread and a terrain are doing. Add the scene to yours
## and set `terrain` in the inspector; without a terrain it shows the pool alone.
##
## The bars of the graph are the main thread's work in the last frames, without drawing, and its line is
## `frame_budget_msec`. While the overlay is in the tree, the last ten seconds are recorded, and
## `trace_key` writes them to a file for ui.perfetto.dev.

## The trace was written, or was not: a line that says where it is, or why not.
signal trace_saved(line: String)

const FRAMES := 120
const WIDTH := 384.0
const PADDING := 12.0
const GRAPH_ROWS := 3
const BAR_LEFT := 92.0
const BAR_WIDTH := 170.0
const REFRESH_SEC := 0.2  # text costs more than bars
const MESSAGE_SEC := 8.0
const BACK := Color(0.05, 0.07, 0.10, 0.78)
const TRACK := Color(1, 1, 1, 0.12)
const GOOD := Color(0.36, 0.78, 0.62)
const BAD := Color(0.95, 0.45, 0.32)
const LINE := Color(1, 1, 1, 0.4)

# How many overlays there are that record, if it was one of them that began to.
static var _recorders := 0

## The terrain to show; may be empty.
@export var terrain: VoxelTerrain
## Shows and hides the overlay. None: it is always there.
@export var toggle_key: Key = KEY_F3
## Writes the last ten seconds as a trace to user://. None: nothing is recorded.
@export var trace_key: Key = KEY_F9
## Where the line of the graph is.
@export_range(1.0, 50.0, 0.1, "suffix:ms") var frame_budget_msec := 1000.0 / 60.0

## Of the latest trace.
var trace_path := ""

var _frames := PackedFloat32Array()  # a ring, the oldest at _next
var _next := 0
var _rows := 0
var _bars: Array[Vector2] = []  # x: row, y: share
var _most := {}  # of the main thread's parts, since the last refresh
var _refresh_in := 0.0
var _message := ""
var _message_until_msec := 0
var _recorder := false
var _is_saving := false
# Not by its name: when the editor opens a project for the first time, it reads the scripts before it
# loads the extension.
var _nebula: Object = Engine.get_singleton(&"Nebula")

@onready var _text: Label = $Text
@onready var _values: Label = $Values


func _enter_tree() -> void:
	_recorder = trace_key != KEY_NONE and (_recorders > 0 or not _nebula.is_tracing())
	if _recorder:
		_recorders += 1
		_nebula.start_tracing()


func _ready() -> void:
	process_mode = Node.PROCESS_MODE_ALWAYS
	_frames.resize(FRAMES)
	_values.position = Vector2(PADDING + BAR_LEFT + BAR_WIDTH, PADDING)
	_values.size.x = WIDTH - 2.0 * PADDING - BAR_LEFT - BAR_WIDTH


func _exit_tree() -> void:
	if not _recorder:
		return
	_recorders -= 1
	if _recorders == 0:
		_nebula.stop_tracing()


func _unhandled_key_input(event: InputEvent) -> void:
	if not event.is_pressed() or event.is_echo():
		return
	if toggle_key != KEY_NONE and event.keycode == toggle_key:
		visible = not visible
	elif trace_key != KEY_NONE and event.keycode == trace_key:
		get_viewport().set_input_as_handled()  # one trace, also if there is another overlay
		if not _is_saving:
			save_trace()


func _process(delta: float) -> void:
	if not visible:
		return
	_frames[_next] = _nebula.frame_work_msec()
	_next = (_next + 1) % FRAMES
	var statistics := {}
	if is_instance_valid(terrain):
		statistics = terrain.get_statistics()
		for part: String in ["update", "commit", "edit_commit", "collision"]:
			_most[part] = maxf(_most.get(part, 0.0), statistics["last_%s_msec" % part])
	_refresh_in -= delta
	if _refresh_in <= 0.0:
		_refresh_in = REFRESH_SEC
		_write(statistics)
		_most.clear()
	queue_redraw()


## Writes the last ten seconds of all threads, and returns an empty string or what is wrong.
func save_trace() -> String:
	var time := Time.get_datetime_string_from_system().replace(":", "-")
	trace_path = "user://nebula-trace-%s.json" % time
	_is_saving = true
	var problem: String = await _nebula.save_trace(trace_path)
	_is_saving = false
	if problem:
		push_warning(problem)
	_message = problem if problem else "Trace: " + trace_path
	_message_until_msec = Time.get_ticks_msec() + int(MESSAGE_SEC * 1000.0)
	_refresh_in = 0.0
	if not problem:
		print("Trace: ", ProjectSettings.globalize_path(trace_path))
	trace_saved.emit(_message)
	return problem


func _draw() -> void:
	var row := _row_height()
	draw_rect(Rect2(Vector2.ZERO, size), BACK)
	_draw_graph(Rect2(PADDING, PADDING + row, WIDTH - 2.0 * PADDING, row * GRAPH_ROWS - 4.0))
	for bar in _bars:
		var place := Rect2(PADDING + BAR_LEFT, PADDING + row * bar.x + row * 0.25, BAR_WIDTH, row * 0.5)
		draw_rect(place, TRACK)
		place.size.x *= clampf(bar.y, 0.0, 1.0)
		draw_rect(place, BAD if bar.y > 1.0 else GOOD)


func _draw_graph(place: Rect2) -> void:
	draw_rect(place, TRACK)
	var step := place.size.x / FRAMES
	var scale_y := place.size.y / (frame_budget_msec * 1.25)
	var good := PackedVector2Array()
	var bad := PackedVector2Array()
	for i in FRAMES:
		var msec := _frames[(_next + i) % FRAMES]
		var foot := Vector2(place.position.x + (i + 0.5) * step, place.end.y)
		var top := Vector2(foot.x, foot.y - clampf(msec * scale_y, 1.0, place.size.y))
		if msec > frame_budget_msec:
			bad.append(foot)
			bad.append(top)
		else:
			good.append(foot)
			good.append(top)
	if good:
		draw_multiline(good, GOOD, step * 0.7)
	if bad:
		draw_multiline(bad, BAD, step * 0.7)
	var y := place.end.y - frame_budget_msec * scale_y
	draw_line(Vector2(place.position.x, y), Vector2(place.end.x, y), LINE)


## The text, and where the bars are in it.
func _write(statistics: Dictionary) -> void:
	var names := PackedStringArray()
	var values := PackedStringArray()
	_bars.clear()
	var work := _frames[posmod(_next - 1, FRAMES)]
	names.append("frame  %.2f ms of main thread, %d fps" % [work, Engine.get_frames_per_second()])
	for i in GRAPH_ROWS:
		names.append("")
	values.resize(names.size())

	var add_bar := func(name: String, share: float, value: String) -> void:
		_bars.append(Vector2(names.size(), share))
		names.append(name)
		values.append(value)
	if statistics:
		var parts := [
			["plan", "update", 0.0], ["show", "commit", terrain.commit_budget_msec],
			["edits", "edit_commit", terrain.edit_budget_msec], ["collision", "collision", terrain.collision_budget_msec]]
		for part: Array in parts:
			var msec: float = _most.get(part[1], 0.0)
			var budget: float = part[2] if part[2] > 0.0 else frame_budget_msec
			add_bar.call(part[0], msec / budget, "%.2f of %.1f ms" % [msec, part[2]] if part[2] > 0.0 else "%.2f ms" % msec)
	var utilization: PackedFloat32Array = _nebula.utilization_per_worker()
	for i in utilization.size():
		add_bar.call("worker %d" % i, utilization[i], "%.0f %%" % (utilization[i] * 100.0))

	names.append("queue  %d tasks; %d coroutines" % [_nebula.queue_depth(), _nebula.tasks_alive()])
	if statistics:
		names.append("build  %d queued, %d begun; %d wait in %d steps" % [statistics["queued"], statistics["in_flight"], statistics["waiting"], statistics["steps"]])
		names.append("loaded %d of %d chunks; %d shapes" % [statistics["loaded"], statistics["wanted"], statistics["collision_shapes"]])
		names.append("levels " + " ".join(Array(statistics["levels"]).map(str)))
		names.append("mesh   %.2f M triangles; bricks %.1f MB" % [statistics["triangles_shown"] / 1e6, statistics["brick_bytes"] / 1e6])
		names.append(_late(statistics))
	if Time.get_ticks_msec() < _message_until_msec:
		names.append(_message)
	_rows = names.size()
	_text.text = "\n".join(names)
	_values.text = "\n".join(values)
	size = Vector2(WIDTH, PADDING * 2.0 + _row_height() * _rows)


## How many chunks are late, and why the place under the viewer is.
func _late(statistics: Dictionary) -> String:
	var count: int = statistics["queued"] + statistics["in_flight"] + statistics["waiting"]
	var viewer: Node3D = terrain.get_node_or_null(terrain.viewer_path) as Node3D if terrain.viewer_path else null
	if viewer == null:
		viewer = get_viewport().get_camera_3d()
	if count == 0 or viewer == null:
		return "late   %d chunks" % count
	var at := viewer.global_position
	var ground := terrain.ground_height(at.x, at.z)
	var why := terrain.why_late(Vector3(at.x, ground if is_finite(ground) else at.y, at.z))
	return "late   %d chunks%s" % [count, "; below: " + why if why else ""]


func _row_height() -> float:
	return float(_text.get_line_height() + _text.get_theme_constant("line_spacing"))

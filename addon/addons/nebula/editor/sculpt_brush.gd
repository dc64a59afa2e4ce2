# What the mouse does to the terrain: it shows where the brush would be, and makes strokes. A stroke is
# from a button's press to its release, and one entry of the editor's history.
#
# The brush is applied at most once a frame, wherever the mouse is then, so that a fast mouse costs no
# more than a slow one.
@tool
extends RefCounted

# What it looks like, or where, is another one: the viewport and the panel draw it again.
signal changed

enum Tool { NONE, RAISE, LOWER, SMOOTH, FLATTEN, PAINT, ADD, DIG, STAMP }
enum Shape { SPHERE, BOX }

# Of the editor, in the terrain's undo history: far from the numbers that a game gives its players.
const USER := 0xED170000
const LEAST_RADIUS := 0.5
const MOST_RADIUS := 32.0
const LEAST_STRENGTH := 0.05
const MOST_DISTANCE := 4000.0
# Voxels per second that the surface moves at full strength, and what one use of the brush must move it
# at least: distances are kept in 32ths of a voxel.
const SPEED := 16.0
const LEAST_STEP := 0.1
# How far the mouse must get, in radii, until a brush is used again that does all of its work at once.
const SPACING := 0.25
const MODES := {
	Tool.RAISE: VoxelBrush.MODE_GROW,
	Tool.LOWER: VoxelBrush.MODE_SHRINK,
	Tool.SMOOTH: VoxelBrush.MODE_SMOOTH,
	Tool.FLATTEN: VoxelBrush.MODE_FLATTEN,
	Tool.PAINT: VoxelBrush.MODE_PAINT,
	Tool.ADD: VoxelBrush.MODE_ADD,
	Tool.DIG: VoxelBrush.MODE_DIG,
}
# They work in a sphere or a box, and do all of their work at once.
const WITH_SHAPE := [Tool.ADD, Tool.DIG, Tool.PAINT]
# They move the ground up or down for as long as the button is down.
const LASTING := [Tool.RAISE, Tool.LOWER]
const RING_POINTS := 48
const RING_COLORS := {
	Tool.RAISE: Color(0.45, 0.9, 0.45),
	Tool.LOWER: Color(1.0, 0.5, 0.35),
	Tool.SMOOTH: Color(0.5, 0.75, 1.0),
	Tool.FLATTEN: Color(1.0, 0.85, 0.4),
	Tool.PAINT: Color(0.95, 0.6, 1.0),
	Tool.ADD: Color(0.45, 0.9, 0.45),
	Tool.DIG: Color(1.0, 0.5, 0.35),
	Tool.STAMP: Color(0.9, 0.9, 0.9),
}

var terrain: VoxelTerrain:
	set(value):
		if terrain == value:
			return
		end_stroke()
		terrain = value
		_hit = {}
		changed.emit()
var tool := Tool.NONE:
	set(value):
		if tool == value:
			return
		end_stroke()
		tool = value
		changed.emit()
var shape := Shape.SPHERE:
	set(value):
		shape = value
		changed.emit()
var radius := 6.0:
	set(value):
		radius = clampf(value, LEAST_RADIUS, MOST_RADIUS)
		changed.emit()
var strength := 0.5:
	set(value):
		strength = clampf(value, LEAST_STRENGTH, 1.0)
		changed.emit()
# A share of the radius.
var falloff := 0.5:
	set(value):
		falloff = clampf(value, 0.0, 1.0)
		changed.emit()
var material := 0:
	set(value):
		material = value
		changed.emit()

# A VoxelStamp, or a Mesh that is made into one as large as the brush.
var stamp_source: Resource:
	set(value):
		stamp_source = value
		changed.emit()

var _plugin: EditorPlugin
var _camera: Camera3D
var _mouse := Vector2.ZERO
var _mouse_moved := false
var _hit := {}  # of the ray through the mouse; empty where there is no ground
var _ring_is_old := true
var _ring := PackedVector3Array()

# Of the stroke that is being made.
var _stroke := 0
var _stroke_tool := Tool.NONE
var _owed := 0.0  # voxels that the surface should have moved and has not
var _plane := Plane()  # of the ground that it was on last
var _used := PackedVector3Array()  # where, on the ground as it was
var _stood := Vector3.ZERO  # on the ground as it is
var _is_reversed := false

# What the stamp was made of, which a worker does.
var _stamp: VoxelStamp
var _stamp_of := []
var _is_making_stamp := false


func _init(plugin: EditorPlugin) -> void:
	_plugin = plugin


# Why the ground cannot be changed now, or nothing.
func problem() -> String:
	if terrain == null or not terrain.is_inside_tree():
		return "The terrain is not in the scene."
	if terrain.generator == null:
		return "The terrain has no generator. Set Generator to a new VoxelNoiseGenerator."
	if terrain.world_store == null or terrain.world_store.starting_path.is_empty():
		return "The terrain has no world file yet, so nothing could be saved. Press Create World File in the panel."
	var file: String = _plugin.call(&"problem_of", terrain)
	return "" if file.is_empty() else file + ". Press Create World File in the panel."


# Whether the event was for the brush.
func input(camera: Camera3D, event: InputEvent) -> bool:
	if terrain == null or tool == Tool.NONE:
		return false
	if event is InputEventMouseMotion:
		_follow_mouse(camera, event.position)
		# The node's arrows take no clicks here, so they must not light up. Other buttons, and Alt, turn the view.
		return event.button_mask & ~MOUSE_BUTTON_MASK_LEFT == 0 and not event.alt_pressed
	if event is InputEventMouseButton:
		return _button(camera, event)
	if event is InputEventKey and event.pressed:
		return _key(event)
	return false


# Once a frame.
func advance(delta: float) -> void:
	if terrain == null or tool == Tool.NONE or _camera == null or not is_instance_valid(_camera):
		return
	if tool == Tool.STAMP:
		_make_stamp()
	if _stroke == 0:
		if _mouse_moved:
			_look()
		return
	if not Input.is_mouse_button_pressed(MOUSE_BUTTON_LEFT):
		return end_stroke()  # released where the viewport was not told
	_look()
	if not _hit.is_empty():
		_use(delta)


func end_stroke() -> void:
	var stroke := _stroke
	_stroke = 0
	if stroke == 0 or not is_instance_valid(terrain):
		return
	terrain.end_stroke()
	# A stroke that has changed nothing is in no history.
	if terrain.get_undo_stroke(USER) != stroke:
		return
	var undo := _plugin.get_undo_redo()
	undo.create_action("Sculpt: " + Tool.keys()[_stroke_tool].capitalize(), UndoRedo.MERGE_DISABLE, terrain)
	undo.add_do_method(self, &"_redo_stroke", terrain, stroke)
	undo.add_undo_method(self, &"_undo_stroke", terrain, stroke)
	undo.commit_action(false)
	changed.emit()


func draw(overlay: Control) -> void:
	if terrain == null or tool == Tool.NONE or _hit.is_empty() or not is_instance_valid(_camera):
		return
	# Only in the view that the mouse is in.
	var view := _camera.get_viewport()
	var frame := view.get_parent() as Control
	if frame == null or frame.get_global_rect() != overlay.get_global_rect():
		return
	if _ring_is_old:
		_find_ring()
	var color: Color = RING_COLORS[_tool_now()]
	if not problem().is_empty():
		color = Color(0.6, 0.6, 0.6)
	var scale := overlay.size / Vector2(view.get_visible_rect().size)
	var points := PackedVector2Array()
	for point in _ring:
		# A line that comes from behind the camera is drawn to nowhere.
		if not _is_ahead(point):
			_draw_line(overlay, points, color)
			points.clear()
		else:
			points.append(_camera.unproject_position(point) * scale)
	_draw_line(overlay, points, color)
	if _is_ahead(_hit.position):
		overlay.draw_circle(_camera.unproject_position(_hit.position) * scale, 3.0, color)


# What lies in the camera's own plane has no place on the screen either.
func _is_ahead(point: Vector3) -> bool:
	return -_camera.to_local(point).z >= _camera.near


func _draw_line(overlay: Control, points: PackedVector2Array, color: Color) -> void:
	if points.size() < 2:
		return
	overlay.draw_polyline(points, Color(0, 0, 0, 0.5), 4.0, true)
	overlay.draw_polyline(points, color, 2.0, true)


func _button(camera: Camera3D, event: InputEventMouseButton) -> bool:
	var up := [MOUSE_BUTTON_WHEEL_UP, MOUSE_BUTTON_WHEEL_RIGHT].has(event.button_index)
	var down := [MOUSE_BUTTON_WHEEL_DOWN, MOUSE_BUTTON_WHEEL_LEFT].has(event.button_index)
	if (up or down) and (event.shift_pressed or event.ctrl_pressed):
		if event.pressed:
			_scale(up, event.ctrl_pressed)
		return true
	if event.button_index != MOUSE_BUTTON_LEFT:
		return false
	if not event.pressed:
		if _stroke == 0:
			return false
		end_stroke()
		return true
	if event.alt_pressed:  # turns the view, as set in the editor
		return false
	_follow_mouse(camera, event.position)
	_look()
	if not _hit.is_empty():
		_begin_stroke(event)
	return true


func _key(event: InputEventKey) -> bool:
	if event.ctrl_pressed or event.alt_pressed or event.meta_pressed:
		return false
	match event.keycode:
		KEY_BRACKETLEFT:
			_scale(false, event.shift_pressed)
		KEY_BRACKETRIGHT:
			_scale(true, event.shift_pressed)
		KEY_ESCAPE:
			tool = Tool.NONE
		_:
			return _number_key(event)
	return true


# The editor takes a plain number for one of the number pad, which turns the view.
func _number_key(event: InputEventKey) -> bool:
	var number := event.physical_keycode - KEY_0
	if not event.shift_pressed or number < Tool.RAISE or number > Tool.STAMP:
		return false
	tool = number as Tool
	return true


func _scale(up: bool, of_strength: bool) -> void:
	if of_strength:
		strength += 0.05 if up else -0.05
	else:
		radius *= 1.1 if up else 1.0 / 1.1


func _follow_mouse(camera: Camera3D, at: Vector2) -> void:
	var frame := camera.get_viewport().get_parent() as Control
	var scale := Vector2.ONE
	if frame != null and frame.size.x > 0 and frame.size.y > 0:
		scale = Vector2(camera.get_viewport().get_visible_rect().size) / frame.size
	_camera = camera
	_mouse = at * scale
	_mouse_moved = true


# Where the brush is now. A mouse that rests keeps its place while the ground there rises and falls: a
# hill that grows under it would otherwise come nearer and nearer.
func _look() -> void:
	if _mouse_moved:
		_mouse_moved = false
		_hit = terrain.raycast(
			_camera.project_ray_origin(_mouse), _camera.project_ray_normal(_mouse), MOST_DISTANCE
		)
	elif not _hit.is_empty():
		var up: Vector3 = _hit.normal * radius
		var again := terrain.raycast(_hit.position + up, -up, radius * 2.0)
		if not again.is_empty():
			_hit = again
	_ring_is_old = true
	changed.emit()


# With a key held, a tool does the reverse of what it does, or smooths.
func _tool_now() -> Tool:
	if _stroke != 0:
		return _stroke_tool
	return _tool_with(Input.is_key_pressed(KEY_SHIFT), Input.is_key_pressed(KEY_CTRL))


func _tool_with(shift: bool, ctrl: bool) -> Tool:
	if ctrl:
		return Tool.SMOOTH
	if shift:
		match tool:
			Tool.RAISE:
				return Tool.LOWER
			Tool.LOWER:
				return Tool.RAISE
			Tool.ADD:
				return Tool.DIG
			Tool.DIG:
				return Tool.ADD
	return tool


# What the stamp should be made of now.
func _wanted_stamp() -> Array:
	return [stamp_source, radius, terrain.global_basis.get_scale().x]


func _make_stamp() -> void:
	var wanted := _wanted_stamp()
	if _is_making_stamp or wanted == _stamp_of or stamp_source == null:
		return
	var made := stamp_source as VoxelStamp  # which keeps its size
	var mesh := stamp_source as Mesh
	if mesh != null:
		var box := mesh.get_aabb()
		var scale: float = 2.0 * radius / maxf(box.get_longest_axis_size(), 0.001) / wanted[2]
		_is_making_stamp = true
		made = await VoxelStamp.from_mesh(mesh, Transform3D(Basis.from_scale(Vector3.ONE * scale), -scale * box.get_center()))
		_is_making_stamp = false
	_stamp = made
	_stamp_of = wanted


func _stamp_problem() -> String:
	if _stroke_tool != Tool.STAMP:
		return ""
	if stamp_source == null:
		return "Choose a mesh or a VoxelStamp in the panel first."
	if _stamp_of != _wanted_stamp():
		return "The stamp is still being made. Try again in a moment."
	return "" if _stamp != null else "This mesh cannot be a stamp. The output panel says why."


func _begin_stroke(event: InputEventMouseButton) -> void:
	_stroke_tool = _tool_with(event.shift_pressed, event.ctrl_pressed)
	_is_reversed = event.shift_pressed
	var why := problem()
	if why.is_empty():
		why = _stamp_problem()
	if not why.is_empty():
		warn(why)
		return
	_stroke = terrain.begin_stroke(USER)
	_owed = LEAST_STEP  # a click alone does something, too
	_plane = Plane(_hit.normal, _hit.position)
	_used.clear()
	_use(0.0)


func _use(delta: float) -> void:
	var at: Vector3 = _hit.position
	if _stroke_tool == Tool.STAMP:
		_use_stamp(Transform3D(_box_basis(), at))
		return
	var brush := VoxelBrush.new()
	brush.mode = MODES[_stroke_tool]
	brush.radius = radius
	brush.material = material
	brush.use_hardness = false
	if WITH_SHAPE.has(_stroke_tool):
		at = _next_place()
		if not at.is_finite():
			return
		_used.append(at)
		if shape == Shape.BOX:
			brush.shape = VoxelBrush.SHAPE_BOX
			brush.size = Vector3.ONE * radius * 2.0
	else:
		_owed += strength * SPEED * delta
		if _owed < LEAST_STEP:
			return
		if LASTING.has(_stroke_tool):
			at = _standing_place()
		brush.strength = minf(_owed, 1.0)
		brush.falloff = falloff * radius
		_owed = 0.0
	var place := Transform3D(_box_basis(), at)
	if _stroke_tool == Tool.FLATTEN:
		place = Transform3D(_basis_along(_plane.normal), _plane.project(at))
	if terrain.apply_brush(brush, place) != OK:  # and would not be OK in the next frame
		end_stroke()


# For a brush that does all of its work at once. Where the mouse is on what the stroke itself has added or
# dug, the ground is taken to go on as it was beside that. So a mouse that rests does no more, and one that
# moves is not led up or down. Infinite where there is nothing to do.
func _next_place() -> Vector3:
	var at: Vector3 = _hit.position
	if _used.is_empty():
		return at
	if _stroke_tool != Tool.PAINT:
		if _is_own(at):
			at = _under_mouse_before()
		else:
			_plane = Plane(_hit.normal, at)
	return at if _used[-1].distance_to(at) >= radius * SPACING else Vector3.INF


# For a brush that moves the ground for as long as it is used. Where it has been, the mouse moves along the
# ground as it was before, and the brush stands on what is there now: so a hill grows upwards, and not
# towards the camera, and a hole does not run away from it.
func _standing_place() -> Vector3:
	var at: Vector3 = _hit.position
	if _has_been_at(at):
		at = _under_mouse_before()
		if not at.is_finite():
			at = _used[-1]
	else:
		_plane = Plane(_hit.normal, at)
	if _used.is_empty():
		_stood = at
	if _used.is_empty() or _used[-1].distance_to(at) >= radius * SPACING:
		_used.append(at)
	var up := _plane.normal
	var over := at + up * ((_stood - at).dot(up) + radius)
	var ground := terrain.raycast(over, -up, radius * 4.0)
	_stood = ground.position if not ground.is_empty() else at
	return _stood


# Where the mouse would be on the ground as it was, had that gone on as it was beside the stroke. Infinite
# if that is far off: along a flat ray it may be anywhere.
func _under_mouse_before() -> Vector3:
	var at: Variant = _plane.intersects_ray(
		_camera.project_ray_origin(_mouse), _camera.project_ray_normal(_mouse)
	)
	return at if at != null and _used[-1].distance_to(at) < radius * 2.0 else Vector3.INF


# Above or below it, too.
func _has_been_at(at: Vector3) -> bool:
	for center in _used:
		if (at - center).slide(_plane.normal).length() < radius * (1.0 + SPACING):
			return true
	return false


func _is_own(at: Vector3) -> bool:
	var reach := radius * (1.0 + SPACING)
	var to_box := _box_basis().inverse()
	for center in _used:
		var off := (to_box * (at - center)).abs()
		var distance := off[off.max_axis_index()] if shape == Shape.BOX else off.length()
		if distance < reach:
			return true
	return false


# Once in a stroke.
func _use_stamp(place: Transform3D) -> void:
	if not _used.is_empty():
		return
	_used.append(place.origin)
	if _is_reversed:
		terrain.dig_stamp(_stamp, place)
	else:
		terrain.add_stamp(_stamp, place, material)


# Boxes lie along the terrain's own axes.
func _box_basis() -> Basis:
	return terrain.global_basis.orthonormalized()


func _basis_along(y: Vector3) -> Basis:
	var x := y.cross(Vector3.RIGHT if absf(y.x) < 0.9 else Vector3.UP).normalized()
	return Basis(x, y, x.cross(y))


# Around the hit, on the ground.
func _find_ring() -> void:
	_ring_is_old = false
	_ring.clear()
	var center: Vector3 = _hit.position
	if shape == Shape.BOX and WITH_SHAPE.has(_tool_now()):
		_find_box(center)
		return
	var basis := _basis_along(_hit.normal)
	for i in RING_POINTS + 1:
		var angle := TAU * i / RING_POINTS
		var rim := center + (basis.x * cos(angle) + basis.z * sin(angle)) * radius
		var from := rim + basis.y * radius
		var ground := terrain.raycast(from, -basis.y, radius * 2.0)
		# From inside a hill, the ring is drawn where the brush is.
		_ring.append(rim if ground.is_empty() or ground.distance == 0.0 else ground.position)


# One line along all twelve edges.
func _find_box(center: Vector3) -> void:
	var basis := _box_basis().scaled(Vector3.ONE * radius)
	for corner: Array in [
		[-1, -1, -1], [1, -1, -1], [1, -1, 1], [-1, -1, 1], [-1, -1, -1], [-1, 1, -1], [1, 1, -1], [1, -1, -1],
		[1, 1, -1], [1, 1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1], [-1, -1, 1], [-1, 1, 1], [-1, 1, -1]
	]:
		_ring.append(center + basis * Vector3(corner[0], corner[1], corner[2]))


func _undo_stroke(of: VoxelTerrain, stroke: int) -> void:
	_step(of, stroke, of.get_undo_stroke(USER), &"undo")


func _redo_stroke(of: VoxelTerrain, stroke: int) -> void:
	_step(of, stroke, of.get_redo_stroke(USER), &"redo")


# A stroke leaves the terrain's history when that is full, or the world begins anew. Then the editor's
# entry for it does nothing, and must not take back another stroke.
func _step(of: VoxelTerrain, stroke: int, next: int, step: StringName) -> void:
	if stroke == next:
		of.call(step, USER)
	else:
		warn("The terrain has forgotten this stroke, so it stays as it is.")


static func warn(what: String) -> void:
	EditorInterface.get_editor_toaster().push_toast("Nebula: " + what, EditorToaster.SEVERITY_WARNING)

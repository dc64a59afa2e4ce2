# What test scripts about VoxelTerrain extend: small worlds, and what to ask them.
extends "res://test_suite.gd"

const PATIENCE_MSEC := 20_000  # less than a test may take: run_tests.gd


# Collects what the engine reports, either warnings or all else.
class Reports:
	extends Logger
	var _of_warnings: bool
	var _mutex := Mutex.new()
	var _lines: PackedStringArray

	func _init(of_warnings: bool) -> void:
		_of_warnings = of_warnings

	func _log_error(
		_function: String, _file: String, _line: int, code: String, rationale: String,
		_editor: bool, type: int, _backtraces: Array[ScriptBacktrace]
	) -> void:
		if (type == ERROR_TYPE_WARNING) != _of_warnings:
			return
		_mutex.lock()
		_lines.append(rationale if rationale != "" else code)
		_mutex.unlock()

	func lines() -> PackedStringArray:
		_mutex.lock()
		var copy := _lines.duplicate()
		_mutex.unlock()
		return copy

	func take() -> PackedStringArray:
		_mutex.lock()
		var taken := _lines
		_lines = PackedStringArray()
		_mutex.unlock()
		return taken


class WarningCounter:
	extends Reports

	func _init() -> void:
		super(true)


func flat_terrain(view_distance := 64.0) -> VoxelTerrain:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelFlatGenerator.new()
	terrain.view_distance = view_distance
	terrain.detail_distance = 64.0
	terrain.edit_budget_msec = 500.0  # a busy machine is not what these tests are about
	return terrain


func loaded_terrain() -> VoxelTerrain:
	var terrain := flat_terrain()
	tree.root.add_child(terrain)
	await load_whole(terrain)
	return terrain


# Asks each frame instead of using wait_loaded(), so that a load which never ends fails its test
# with what the terrain says of itself.
func load_whole(terrain: VoxelTerrain) -> void:
	if not await comes(terrain.is_loaded):
		check(false, "the terrain did not load: %s" % terrain.get_statistics())


# Waits by the clock: a frame may take no time at all, and workers may have to wait for a CPU.
func comes(condition: Callable) -> bool:
	var end := Time.get_ticks_msec() + PATIENCE_MSEC
	while not condition.call():
		if Time.get_ticks_msec() > end:
			return false
		await tree.process_frame
	return true


func remove(terrain: VoxelTerrain) -> void:
	terrain.queue_free()
	await frames(2)


func frames(count: int) -> void:
	for i in count:
		await tree.process_frame


# Of the ground below (x, 40, z) in global space; NAN when there is none.
func height_at(terrain: VoxelTerrain, x: float, z: float) -> float:
	var hit := terrain.raycast(Vector3(x, 40, z), Vector3.DOWN, 80.0)
	return hit["position"].y if not hit.is_empty() else NAN


# From here on every dictionary that edit_committed passes.
func edits_of(terrain: VoxelTerrain) -> Array[Dictionary]:
	var committed: Array[Dictionary] = []
	terrain.edit_committed.connect(func(info: Dictionary) -> void: committed.append(info))
	return committed


func sum_of(infos: Array[Dictionary], key: String) -> int:
	return infos.reduce(func(sum: int, info: Dictionary) -> int: return sum + info[key], 0)


# Physics ticks. The engine runs as fast as it can here; workers shall have some of the time that a game
# gives them.
func ticks(count: int) -> void:
	for i in count:
		await tree.physics_frame
		OS.delay_usec(1000)


# A box of a metre that does not move yet.
func frozen_box(at: Vector3) -> RigidBody3D:
	var body := RigidBody3D.new()
	var shape := CollisionShape3D.new()
	shape.shape = BoxShape3D.new()
	body.add_child(shape)
	body.position = at
	body.freeze = true
	tree.root.add_child(body)
	return body

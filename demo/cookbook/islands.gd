extends "res://cookbook/stage/recipe.gd"
## Mushrooms of stone and an arch. Cut through what holds them, and they fall.

const STEMS: Array[float] = [-18.0, -6.0, 6.0, 18.0]
const STEM_HEIGHT := 9.0

var _bodies := 0
var _volume := 0.0


func prepare() -> void:
	await super()
	var ground := ground_at(0, 0)
	# Level ground, and a place to see it from.
	terrain.dig_box(ground + Vector3(0, 24, 0), Vector3(76, 48, 44))
	terrain.add_box(ground + Vector3(0, -5, 0), Vector3(76, 10, 44))
	for x in STEMS:
		var foot := ground + Vector3(x, -1, -4)
		terrain.add_path(PackedVector3Array([foot, foot + Vector3.UP * STEM_HEIGHT]), 1.4)
		terrain.add_cone(foot + Vector3.UP * STEM_HEIGHT, foot + Vector3.UP * (STEM_HEIGHT + 4.0), 4.5, 1.0)
	var arch := PackedVector3Array()
	for i in 9:
		var turn := PI * i / 8.0
		arch.append(ground + Vector3(cos(turn) * 14.0, sin(turn) * 11.0 - 1.0, 8))
	terrain.add_path(arch, 1.7)
	terrain.islands = VoxelTerrain.ISLANDS_FALL
	terrain.island_shape = VoxelTerrain.ISLAND_SHAPE_PIECES
	terrain.island_detached.connect(_on_island_detached)
	look_from(ground + Vector3(-13, 14, 36), ground + Vector3(0, 4, -1))


func perform() -> void:
	var ground := ground_at(0, 0)
	await ticks(20)
	for x: float in [-14.0, 14.0]:
		terrain.dig_sphere(ground + Vector3(x, 2.5, 8), 2.6)
	for x in STEMS.slice(0, 3):
		terrain.dig_sphere(ground + Vector3(x - 0.5, 3, -4), 2.4)
		await ticks(12)
	await ticks(35)


func _on_island_detached(body: RigidBody3D, volume: float) -> void:
	_volume += volume
	if body != null:
		_bodies += 1
	say("%d bodies came off, %d cubic metres." % [_bodies, roundi(_volume)])

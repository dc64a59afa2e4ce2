extends TextureRect
## A map of the heights around the player, north up. It asks the terrain for a few heights in each
## frame, so that no frame notices; a whole map takes a few seconds.

const Digger := preload("res://dig/digger.gd")
## Pixels of an edge, and metres of a pixel.
const EDGE := 64
const SCALE := 2.5
const USEC_PER_FRAME := 200
## So far above and below the player it looks for ground. VoxelTerrain.ground_height() looks ten times
## as far, and takes ten times as long.
const REACH := 250.0

@export var terrain: VoxelTerrain
@export var player: Digger

# The map that is being drawn, row by row, and the one that is shown.
var _coming := Image.create(EDGE, EDGE, false, Image.FORMAT_RGBA8)
var _coming_corner := Vector2.ZERO
var _corner := Vector2.ZERO
var _row := 0
var _column := 0
var _heights := PackedFloat32Array()
var _heights_north := PackedFloat32Array()


func _ready() -> void:
	_heights.resize(EDGE)
	_heights_north.resize(EDGE)


func _process(_delta: float) -> void:
	if player.waits:
		return
	var end := Time.get_ticks_usec() + USEC_PER_FRAME
	while Time.get_ticks_usec() < end:
		_ask()
	queue_redraw()


## One pixel. A row is drawn when it is complete, and a map is shown when it is; the first one at once.
func _ask() -> void:
	if _row == 0 and _column == 0:
		_coming_corner = (Vector2(player.position.x, player.position.z) / SCALE).floor() * SCALE \
				- Vector2.ONE * EDGE * SCALE * 0.5
	var place := _coming_corner + Vector2(_column, _row) * SCALE
	var top := Vector3(place.x, player.position.y + REACH, place.y)
	var hit := terrain.raycast(top, Vector3.DOWN, 2.0 * REACH)
	_heights[_column] = -REACH if hit.is_empty() else hit["position"].y
	_column += 1
	if _column < EDGE:
		return
	_draw_row()
	_column = 0
	_row = (_row + 1) % EDGE
	if texture == null or _row == 0:
		_corner = _coming_corner
	if texture == null:
		texture = ImageTexture.create_from_image(_coming)
	elif _row == 0 or _corner == _coming_corner:
		texture.update(_coming)


## Green valleys and pale heights, with the sun in the north-west.
func _draw_row() -> void:
	for x in EDGE:
		var north_west := _heights_north[maxi(x - 1, 0)] if _row > 0 else _heights[x]
		var light := clampf(0.9 + (_heights[x] - north_west) * 0.16, 0.4, 1.3)
		var share := clampf(_heights[x] / 44.0 + 0.5, 0.0, 1.0)
		var color := Color(0.16, 0.36, 0.2).lerp(Color(0.9, 0.84, 0.62), share) * light
		_coming.set_pixel(x, _row, Color(color, 1.0))
	_heights_north = _heights.duplicate()


## The player, as an arrow.
func _draw() -> void:
	var at := (Vector2(player.position.x, player.position.z) - _corner) / SCALE * size / EDGE
	draw_set_transform(at, -player.eye.rotation.y)
	draw_colored_polygon([Vector2(0, -9), Vector2(6, 7), Vector2(0, 4), Vector2(-6, 7)], Color(1, 0.25, 0.15))
	draw_set_transform(Vector2.ZERO)
	draw_rect(Rect2(Vector2.ZERO, size), Color(0.05, 0.07, 0.1, 0.66), false, 4.0)

extends "res://cookbook/stage/recipe.gd"
## Ground of three materials in layers, cut open. The library is in the scene; the textures are made
## here, so that no file is needed.

const PIXELS := 128

@onready var library: VoxelMaterialLibrary = terrain.material_library

var _textures: Array[Texture2D] = []


func prepare() -> void:
	for i in library.materials.size():
		_textures.append(_rough_texture(i))
	_show_textures(true)
	await super()
	var middle := ground_at(0, 0)
	look_from(middle + Vector3(0, 22, 36), middle + Vector3(0, -2, 0))


func perform() -> void:
	terrain.dig_sphere(ground_at(-17, 4), 5.0)
	terrain.dig_path([ground_at(-6, -12), ground_at(-3, 0), ground_at(-6, 14)], 4.5)
	var pit := ground_at(14, 2)
	terrain.dig_cone(pit + Vector3.DOWN * 11, pit + Vector3.UP * 2, 5.0, 13.0)
	await ticks(2)


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_pressed() and not event.is_echo() and event.keycode == KEY_T:
		_show_textures(library.materials[0].albedo_texture == null)


func _show_textures(shown: bool) -> void:
	for i in library.materials.size():
		library.materials[i].albedo_texture = _textures[i] if shown else null


## Light and dark from noise. Alpha is the height: what is light stands out where materials meet.
func _rough_texture(number: int) -> Texture2D:
	var noise := FastNoiseLite.new()
	noise.seed = number
	noise.frequency = [0.06, 0.03, 0.015][number]
	noise.fractal_octaves = 4
	if number == 2:
		noise.noise_type = FastNoiseLite.TYPE_CELLULAR
	var heights := noise.get_seamless_image(PIXELS, PIXELS).get_data()
	var pixels := PackedByteArray()
	pixels.resize(4 * heights.size())
	for i in heights.size():
		var light := 110 + heights[i] * 120 / 255
		for c in 3:
			pixels[4 * i + c] = light
		pixels[4 * i + 3] = heights[i]
	return ImageTexture.create_from_image(
			Image.create_from_data(PIXELS, PIXELS, false, Image.FORMAT_RGBA8, pixels))

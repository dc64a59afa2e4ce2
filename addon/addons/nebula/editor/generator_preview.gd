# The small picture of a VoxelGenerator in the inspector and the file dialogs: half a kilometre of its ground
# from above, with the sun in the north-west. The editor asks for it on a thread of its own.
@tool
extends EditorResourcePreviewGenerator

const COLUMNS := 64
const SPACING := 8  # in voxels
const LOW := Color(0.29, 0.42, 0.24)
const HIGH := Color(0.8, 0.74, 0.6)
const NO_GROUND := Color(0.15, 0.17, 0.2)
const LIGHT := Vector3(-0.5, 0.7, -0.5)


func _handles(type: String) -> bool:
	return ClassDB.is_parent_class(type, &"VoxelGenerator")


func _generate(resource: Resource, size: Vector2i, _metadata: Dictionary) -> Texture2D:
	var image := picture_of(resource as VoxelGenerator)
	if image == null:
		return null
	image.resize(size.x, size.y, Image.INTERPOLATE_CUBIC)
	return ImageTexture.create_from_image(image)


static func picture_of(generator: VoxelGenerator) -> Image:
	if generator == null:
		return null
	var corner := Vector2i.ONE * (-COLUMNS * SPACING / 2)
	var heights := generator.heights(corner, Vector2i(COLUMNS, COLUMNS), SPACING)
	if heights.is_empty():
		return null
	var lowest := INF
	var highest := -INF
	for height in heights:
		if is_finite(height):
			lowest = minf(lowest, height)
			highest = maxf(highest, height)
	var image := Image.create(COLUMNS, COLUMNS, false, Image.FORMAT_RGB8)
	for z in COLUMNS:
		for x in COLUMNS:
			var height := heights[z * COLUMNS + x]
			if not is_finite(height):
				image.set_pixel(x, z, NO_GROUND)
				continue
			var east := heights[z * COLUMNS + mini(x + 1, COLUMNS - 1)]
			var south := heights[mini(z + 1, COLUMNS - 1) * COLUMNS + x]
			var normal := Vector3.UP
			if is_finite(east) and is_finite(south):
				normal = Vector3(height - east, SPACING, height - south).normalized()
			var color := LOW.lerp(HIGH, (height - lowest) / maxf(highest - lowest, SPACING))
			image.set_pixel(x, z, color * (0.4 + 0.8 * maxf(normal.dot(LIGHT), 0.0)))
	return image

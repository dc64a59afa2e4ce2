extends RefCounted
## What the ground is made of: the library of materials, with textures that are made of noise, so that
## the demo needs no picture files. Yours would be a resource with imported textures.

const TEXTURE_EDGE := 256
## Number, name, colour, texture repetitions per metre, kilograms per cubic metre.
const MATERIALS: Array[Array] = [
	["grass", Color(0.36, 0.52, 0.17), 0.3, 1200.0],
	["earth", Color(0.5, 0.35, 0.23), 0.25, 1600.0],
	["rock", Color(0.62, 0.6, 0.57), 0.12, 2600.0],
	["sand", Color(0.88, 0.77, 0.53), 0.3, 1700.0],
	["brick", Color(0.7, 0.31, 0.22), 0.25, 1900.0],
]


static func library() -> VoxelMaterialLibrary:
	var materials: Array[VoxelMaterial] = []
	for i in MATERIALS.size():
		var material := VoxelMaterial.new()
		material.resource_name = MATERIALS[i][0]
		material.albedo_color = MATERIALS[i][1]
		material.albedo_texture = _noise(i)
		material.texture_scale = MATERIALS[i][2]
		material.density = MATERIALS[i][3]
		materials.append(material)
	var library := VoxelMaterialLibrary.new()
	library.materials = materials
	return library


## Shades of grey, which the material's colour tints.
static func _noise(random_seed: int) -> ImageTexture:
	var noise := FastNoiseLite.new()
	noise.seed = random_seed
	noise.frequency = 0.045
	noise.fractal_octaves = 5
	var image := noise.get_seamless_image(TEXTURE_EDGE, TEXTURE_EDGE)
	image.convert(Image.FORMAT_RGBA8)
	# Little contrast, and bright, so that the colour stays what it is.
	image.adjust_bcs(1.0, 0.3, 1.0)
	image.adjust_bcs(1.4, 1.0, 1.0)
	image.generate_mipmaps()
	return ImageTexture.create_from_image(image)

# The small picture of a VoxelMaterial in the inspector and the file dialogs: its texture in its colour.
# The editor asks for it on a thread of its own.
@tool
extends EditorResourcePreviewGenerator


func _handles(type: String) -> bool:
	return type == "VoxelMaterial"


func _generate(resource: Resource, size: Vector2i, _metadata: Dictionary) -> Texture2D:
	var material := resource as VoxelMaterial
	if material == null:
		return null
	var color := Color(material.albedo_color, 1.0)
	var image := Image.create(size.x, size.y, false, Image.FORMAT_RGBA8)
	image.fill(color)
	if material.albedo_texture != null:
		var picture := material.albedo_texture.get_image()
		if picture != null and not picture.is_empty() and (not picture.is_compressed() or picture.decompress() == OK):
			picture.convert(Image.FORMAT_RGBA8)
			picture.resize(size.x, size.y)
			for y in size.y:
				for x in size.x:
					# Alpha is a height.
					image.set_pixel(x, y, Color(picture.get_pixel(x, y) * color, 1.0))
	return ImageTexture.create_from_image(image)

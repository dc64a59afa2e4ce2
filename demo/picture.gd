extends RefCounted
## Takes pictures of what a viewport shows, also where a software renderer draws.


## A software renderer takes up to a second for a frame. Who measures draws the 3D view for pictures
## only, so that the figures are Nebula's and not the renderer's.
static func draws_by_software() -> bool:
	var adapter := RenderingServer.get_video_adapter_name().to_lower()
	return adapter.contains("llvmpipe") or adapter.contains("softpipe") or adapter.contains("swiftshader")


## Turns the 3D view on for one picture.
static func take(viewport: Viewport) -> Image:
	var was_disabled := viewport.disable_3d
	viewport.disable_3d = false
	for i in 2:
		await RenderingServer.frame_post_draw
	var image := viewport.get_texture().get_image()
	viewport.disable_3d = was_disabled
	return image


## Returns the exit code: 0, or 1 when the picture could not be written.
static func write(image: Image, path: String) -> int:
	var error := image.save_png(path)
	if error != OK:
		printerr("nebula: the picture could not be written to %s (%s)" % [path, error_string(error)])
		return 1
	print("picture  ", path)
	return 0

# Materials of VoxelTerrain: the list, its limits, and that changes keep the world.
extends "res://voxel_suite.gd"


func _material(color: Color, texture: Texture2D = null) -> VoxelMaterial:
	var material := VoxelMaterial.new()
	material.albedo_color = color
	material.albedo_texture = texture
	return material


func _texture(size: Vector2i, format := Image.FORMAT_RGBA8) -> ImageTexture:
	return ImageTexture.create_from_image(Image.create_empty(size.x, size.y, false, format))


func _library(materials: Array) -> VoxelMaterialLibrary:
	var library := VoxelMaterialLibrary.new()
	library.materials = materials
	return library


func _layered_terrain() -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.generator.surface_material = 1
	terrain.generator.soil_material = 2
	terrain.generator.rock_material = 3
	tree.root.add_child(terrain)
	return terrain


func test_a_list_has_numbers_and_names() -> void:
	var grass := _material(Color.GREEN)
	grass.resource_name = "grass"
	grass.tag = &"soft"
	var library := _library([null, grass])
	check_equal(library.find("grass"), 1, "its number")
	check_equal(library.find("lava"), -1, "what there is not")
	check_equal(library.find(""), -1, "not one that nobody has named")
	check_equal(library.get_material(1), grass, "by number")
	check(library.get_material(0) == null, "an empty place")
	check(library.get_material(-1) == null, "no place")
	check(library.get_material(2) == null, "past the end")


func test_what_cannot_be_is_refused_and_changes_nothing() -> void:
	var library := _library([_material(Color.RED)])
	var many: Array = []
	many.resize(129)
	expect_error("VoxelMaterialLibrary.materials has 129 entries; there can be at most 128.")
	library.materials = many
	expect_error("VoxelMaterialLibrary.materials: entry 1 is no VoxelMaterial.")
	library.materials = [null, Image.new()]
	check_equal(library.materials.size(), 1, "entries")
	expect_error("VoxelMaterialLibrary.border_sharpness is nan; it must be from 0 to 1.")
	library.border_sharpness = NAN
	expect_error("VoxelMaterialLibrary.texture_size is 4097;")
	library.texture_size = 4097
	var material := VoxelMaterial.new()
	expect_error("VoxelMaterial.texture_scale is 0; it must be from 0.001 to 64.")
	material.texture_scale = 0.0
	expect_error("VoxelMaterial.roughness is 2; it must be from 0 to 1.")
	material.roughness = 2.0
	expect_error("VoxelMaterial.hardness is -1; it must be from 0 to 1.")
	material.hardness = -1.0
	expect_error("VoxelMaterial.density is inf;")
	material.density = INF
	expect_error("VoxelMaterial.albedo_color has a component that is not a finite number.")
	material.albedo_color = Color(NAN, 0, 0)
	check_equal([material.texture_scale, material.roughness, material.hardness, material.density],
			[0.25, 1.0, 0.0, 2000.0], "the defaults")
	var generator := VoxelFlatGenerator.new()
	expect_error("VoxelFlatGenerator.rock_material is 128; it must be from 0 to 127.")
	generator.rock_material = 128
	expect_error("VoxelFlatGenerator.soil_depth is nan;")
	generator.soil_depth = NAN


# All meshes are made again, and the world stays.
func test_a_library_may_come_and_go_and_nothing_dug_is_lost() -> void:
	var terrain := _layered_terrain()
	await load_whole(terrain)
	terrain.dig_sphere(Vector3(4, 0, 4), 7.0)
	await load_whole(terrain)
	var shown: int = terrain.get_statistics()["shown"]
	var triangles: int = terrain.get_statistics()["triangles_shown"]
	var library := _library([_material(Color.RED), _material(Color.GREEN), _material(Color.BLUE)])
	var own := StandardMaterial3D.new()
	own.vertex_color_use_as_albedo = true
	var steps: Dictionary[String, Callable] = {
		"a library": func() -> void: terrain.material_library = library,
		"a material as well": func() -> void: terrain.material = own,
		"another colour": func() -> void: library.materials[0].albedo_color = Color.WHITE,
		"no material": func() -> void: terrain.material = null,
		"another library": func() -> void: terrain.material_library = _library([]),
		"no library": func() -> void: terrain.material_library = null,
	}
	for what: String in steps:
		steps[what].call()
		await frames(2)
		terrain.dig_sphere(Vector3(4, 0, 4), 1.0)  # air; and chunks may be leaving
		await load_whole(terrain)
		check_equal(terrain.get_statistics()["shown"], shown, "%s: chunks" % what)
		check_equal(terrain.get_statistics()["triangles_shown"], triangles, "%s: triangles" % what)
		check_equal(terrain.audit(), "", what)
		check(absf(height_at(terrain, 4, 4) + 7.0) < 0.1, "%s: the crater is there" % what)
	await remove(terrain)


# Without a look that vertices know of, chunks keep their meshes.
func test_a_change_that_only_the_shader_reads_makes_no_mesh_again() -> void:
	var terrain := _layered_terrain()
	var library := _library([_material(Color.RED), _material(Color.GREEN)])
	terrain.material_library = library
	await load_whole(terrain)
	var meshed: int = terrain.get_statistics()["meshed"]
	library.materials[1].albedo_color = Color.WHITE
	library.materials[1].roughness = 0.5
	library.border_sharpness = 1.0
	library.materials = [library.materials[1], _material(Color.BLACK, _texture(Vector2i(16, 16)))]
	await frames(5)
	check_equal(terrain.get_statistics()["meshed"], meshed, "chunks that were meshed")
	check(terrain.is_loaded(), "it stays loaded")
	await remove(terrain)


func test_textures_of_different_sizes_get_one_size_and_one_warning() -> void:
	var counter := WarningCounter.new()
	OS.add_logger(counter)
	var terrain := flat_terrain()
	terrain.material_library = _library([
		_material(Color.WHITE, _texture(Vector2i(64, 64))),
		_material(Color.WHITE, _texture(Vector2i(32, 16), Image.FORMAT_RGB8)),
		_material(Color.WHITE, _texture(Vector2i(8, 8), Image.FORMAT_L8)),
	])
	tree.root.add_child(terrain)
	await load_whole(terrain)
	await comes(func() -> bool: return not counter.lines().is_empty())
	await frames(5)
	OS.remove_logger(counter)
	check_equal(counter.lines(), PackedStringArray([
		"VoxelMaterialLibrary: 2 of the albedo textures have another size than 64 x 64 pixels, the first of "
		+ "them 32 x 16, and were scaled to it. Give all textures one size, or set texture_size."]), "warnings")
	await remove(terrain)


func test_a_terrain_may_go_while_its_textures_load() -> void:
	for wait in 4:
		var terrain := flat_terrain()
		var library := _library([])
		for i in 20:
			library.materials += [_material(Color.WHITE, _texture(Vector2i(128, 128)))]
		terrain.material_library = library
		tree.root.add_child(terrain)
		await frames(wait)
		library.materials[0].albedo_texture = null
		await frames(wait)
		await remove(terrain)

# What ground is made of: layers of generators, materials of brushes, and the VoxelBrush resource.
extends "res://voxel_suite.gd"

const DEEP := Vector3(0, -40, 0)  # ground on all sides


func _layered(transform := Transform3D.IDENTITY) -> VoxelTerrain:
	var terrain := flat_terrain()
	var generator: VoxelGenerator = terrain.generator
	generator.surface_material = 1
	generator.surface_depth = 2.5
	generator.soil_material = 2
	generator.soil_depth = 6.0
	generator.rock_material = 3
	terrain.transform = transform
	tree.root.add_child(terrain)
	return terrain


func _ground(terrain: VoxelTerrain) -> float:
	return terrain.ground_height(0.5, 0.5)


func test_rays_and_points_tell_the_layer() -> void:
	var terrain := _layered()
	var top := _ground(terrain)
	check_equal(terrain.material_at(Vector3(0.5, top - 0.2, 0.5)), 1, "surface")
	check_equal(terrain.material_at(Vector3(0.5, top - 4.5, 0.5)), 2, "soil")
	check_equal(terrain.material_at(Vector3(0.5, top - 20.0, 0.5)), 3, "rock")
	check_equal(terrain.material_at(Vector3(0.5, top + 20.0, 0.5)), -1, "air")
	expect_error("VoxelTerrain.material_at: the position")
	check_equal(terrain.material_at(Vector3.ONE * INF), -1, "nowhere")
	check_equal(terrain.raycast(Vector3(0.5, top + 9.0, 0.5), Vector3.DOWN, 50.0).material, 1, "a ray")
	terrain.dig_sphere(Vector3(0.5, top, 0.5), 12.0)
	check_equal(terrain.raycast(Vector3(0.5, top + 9.0, 0.5), Vector3.DOWN, 50.0).material, 3, "into the hole")
	await remove(terrain)


func test_what_is_added_and_painted_is_of_its_material() -> void:
	var terrain := _layered()
	var top := _ground(terrain)
	var at := Vector3(0.5, top, 0.5)
	check_equal(terrain.add_sphere(at + Vector3.UP * 20.0, 4.0, 9), OK, "a ball")
	check_equal(terrain.material_at(at + Vector3.UP * 20.0), 9, "the ball")
	check_equal(terrain.add_box(at + Vector3.UP * 40.0, Vector3.ONE * 6.0, Basis(), 8), OK, "a box")
	check_equal(terrain.material_at(at + Vector3.UP * 40.0), 8, "the box")
	check_equal(terrain.add_path([at + Vector3.UP * 60.0], 3.0, 7), OK, "a bead")
	check_equal(terrain.material_at(at + Vector3.UP * 60.0), 7, "the bead")
	check_equal(terrain.add_cone(at + Vector3.UP * 80.0, at + Vector3.UP * 86.0, 4.0, 4.0, 6), OK, "a drum")
	check_equal(terrain.material_at(at + Vector3.UP * 83.0), 6, "the drum")
	check_equal(terrain.paint_sphere(DEEP, 4.0, 5), OK, "a paint")
	check_equal(terrain.material_at(DEEP), 5, "painted")
	check_equal(terrain.get_last_edit().removed, 0.0, "a paint removes nothing")
	check_equal(terrain.paint_box(DEEP + Vector3.RIGHT * 20.0, Vector3.ONE * 6.0, 4), OK, "a box of paint")
	check_equal(terrain.material_at(DEEP + Vector3.RIGHT * 20.0), 4, "painted")
	check_equal(terrain.paint_path([DEEP + Vector3.LEFT * 20.0], 3.0, 127), OK, "a line of paint")
	check_equal(terrain.material_at(DEEP + Vector3.LEFT * 20.0), 127, "painted")
	check_equal(terrain.paint_cone(DEEP, DEEP + Vector3.UP * 6.0, 3.0, 3.0, 1), OK, "a cone of paint")
	check_equal(terrain.material_at(DEEP + Vector3.UP * 3.0), 1, "painted")
	check_equal(terrain.paint_sphere(at + Vector3.UP * 200.0, 4.0, 5), OK, "air has nothing to paint")
	check_equal(terrain.material_at(at + Vector3.UP * 200.0), -1, "air")
	for material: int in [-1, 128]:
		expect_error("add_sphere: material is %d; it must be from 0 to 127" % material)
		check(terrain.add_sphere(at, 1.0, material) != OK, "no such material")
	check_equal(await terrain.add_sphere_async(at + Vector3.UP * 120.0, 8.0, 11), OK, "in the background")
	check_equal(terrain.material_at(at + Vector3.UP * 120.0), 11, "from the background")
	check_equal(await terrain.paint_sphere_async(at + Vector3.UP * 120.0, 8.0, 12), OK, "painted there")
	check_equal(terrain.material_at(at + Vector3.UP * 120.0), 12, "from the background")
	await remove(terrain)


func test_boxes_of_materials_are_read_and_written() -> void:
	var terrain := _layered()
	var top := int(floorf(_ground(terrain)))
	terrain.paint_sphere(Vector3(0, top - 12, 0), 4.0, 9)
	var from := Vector3i(-6, top - 16, -5)
	var size := Vector3i(12, 20, 11)
	var distances := terrain.read_box(from, size)
	var materials := terrain.read_box_materials(from, size)
	check_equal(materials.size(), 12 * 20 * 11, "one for each voxel")
	check_equal(materials[6 + 12 * (4 + 20 * 5)], 9, "painted")
	check_equal(materials[0], 3, "rock")
	check_equal(materials[12 * 15], 1, "the surface")
	var to := from + Vector3i(40, 21, 3)  # in the air, as a block
	check_equal(terrain.write_box(to, size, distances, materials), OK, "write_box")
	var read := terrain.read_box_materials(to, size)
	for i in materials.size():
		if distances[i] < 0.0 and read[i] != materials[i]:
			check(false, "voxel %d is of %d and not of %d" % [i, read[i], materials[i]])
			break
	check_equal(terrain.material_at(Vector3(to + Vector3i(6, 4, 5))), 9, "copied")
	materials.fill(5)
	check_equal(await terrain.write_box_async(to, size, distances, materials), OK, "write_box_async")
	check_equal(terrain.material_at(Vector3(to + Vector3i(6, 4, 5))), 5, "ground that stays ground changes, too")
	check_equal(terrain.write_box(to, size, distances), OK, "without materials")
	check_equal(terrain.material_at(Vector3(to + Vector3i(6, 4, 5))), 5, "ground keeps its own")
	materials[7] = 128
	expect_error("write_box: material number 7 is 128; it must be from 0 to 127")
	check_equal(terrain.write_box(to, size, distances, materials), ERR_INVALID_PARAMETER, "no such material")
	materials.resize(5)
	expect_error("write_box: the box has 2640 points, but there are 5 materials")
	check_equal(terrain.write_box(to, size, distances, materials), ERR_INVALID_PARAMETER, "too few")
	expect_error("VoxelTerrain.read_box_materials: each edge of the box must be from 1 to 128 voxels")
	check_equal(terrain.read_box_materials(to, Vector3i(1, 0, 1)).size(), 0, "no box")
	await remove(terrain)


func test_the_last_edit_tells_materials() -> void:
	var terrain := _layered()
	var top := _ground(terrain)
	terrain.add_sphere(Vector3(0, top + 30.0, 0), 5.0, 9)
	var added: Dictionary = terrain.get_last_edit().added_by_material
	check_equal(added.keys(), [9], "of one material")
	check_equal(added[9], terrain.get_last_edit().added, "all of it")
	terrain.dig_box(Vector3(0, top, 0), Vector3(12, 24, 12))
	var edit := terrain.get_last_edit()
	var removed: Dictionary = edit.removed_by_material
	check_equal(removed.keys(), [1, 2, 3], "all layers")
	check(absf(removed[1] + removed[2] + removed[3] - edit.removed) < 0.001, "the sum")
	check(absf(removed[2] - 144.0 * 3.5) < 144.0, "soil: %s" % removed[2])
	check(edit.added_by_material.is_empty(), "nothing was added")
	await remove(terrain)


func _brush(mode: VoxelBrush.Mode) -> VoxelBrush:
	var brush := VoxelBrush.new()
	brush.mode = mode
	return brush


func test_a_brush_does_what_the_inspector_says() -> void:
	var terrain := _layered()
	var top := _ground(terrain)
	var sky := Transform3D(Basis(), Vector3(0, top + 30.0, 0))
	var add := _brush(VoxelBrush.MODE_ADD)
	add.material = 9
	check_equal(terrain.apply_brush(add, sky), OK, "a ball")
	check_equal(terrain.material_at(sky.origin), 9, "the ball")
	var box := _brush(VoxelBrush.MODE_PAINT)
	box.shape = VoxelBrush.SHAPE_BOX
	box.size = Vector3(2, 40, 2)
	box.material = 10
	box.only_materials = [2, 3]
	check_equal(terrain.apply_brush(box, Transform3D(Basis(), Vector3(0.5, top, 0.5))), OK, "a column")
	check_equal(terrain.material_at(Vector3(0.5, top - 10.0, 0.5)), 10, "rock was painted")
	check_equal(terrain.material_at(Vector3(0.5, top - 1.0, 0.5)), 1, "the surface was not")
	var cone := _brush(VoxelBrush.MODE_DIG)
	cone.shape = VoxelBrush.SHAPE_CONE
	cone.radius = 6.0
	cone.height = 12.0
	check_equal(terrain.apply_brush(cone, Transform3D(Basis(), DEEP)), OK, "a cone")
	check_equal(terrain.material_at(DEEP + Vector3(2, -4, 0)), -1, "its wide end is below")
	check_equal(terrain.material_at(DEEP + Vector3(4, 5, 0)), 3, "its tip is above")
	var smooth := _brush(VoxelBrush.MODE_SMOOTH)
	smooth.strength = 0.5
	smooth.falloff = 2.0
	check_equal(terrain.apply_brush(smooth, Transform3D(Basis(), Vector3(0, top, 0))), OK, "smooth")
	var flatten := _brush(VoxelBrush.MODE_FLATTEN)
	check_equal(terrain.apply_brush(flatten, Transform3D(Basis(), Vector3(30, top, 0))), OK, "flatten")
	expect_error("apply_brush: brush is null; make one with VoxelBrush.new()")
	check(terrain.apply_brush(null, sky) != OK, "no brush")
	smooth.radius = 90.0
	expect_error("apply_brush: radius is 90; it must be above 0 and at most 64")
	check(terrain.apply_brush(smooth, sky) != OK, "too large for one call")
	check_equal(await terrain.apply_brush_async(smooth, sky), OK, "a soft one in the background")
	check_equal(await terrain.apply_brush_async(add, sky.translated(Vector3.UP * 40.0)), OK, "in the background")
	check_equal(terrain.material_at(sky.origin + Vector3.UP * 40.0), 9, "from the background")
	await remove(terrain)


func test_hard_materials_resist() -> void:
	var terrain := _layered()
	var library := VoxelMaterialLibrary.new()
	var materials: Array[VoxelMaterial] = []
	for hardness: float in [0.0, 0.0, 0.0, 1.0]:
		materials.append(VoxelMaterial.new())
		materials[-1].hardness = hardness
	library.materials = materials
	terrain.material_library = library
	await frames(1)
	var top := _ground(terrain)
	var dig := _brush(VoxelBrush.MODE_DIG)
	dig.radius = 12.0
	check_equal(terrain.apply_brush(dig, Transform3D(Basis(), Vector3(0.5, top, 0.5))), OK, "a dig")
	check(absf(_ground(terrain) - (top - 6.0)) < 1.1, "down to the rock: %s" % _ground(terrain))
	dig.use_hardness = false
	terrain.apply_brush(dig, Transform3D(Basis(), Vector3(0.5, top, 0.5)))
	check(_ground(terrain) < top - 10.0, "through the rock: %s" % _ground(terrain))
	await remove(terrain)


func test_a_brush_refuses_what_it_cannot_be() -> void:
	var brush := VoxelBrush.new()
	var wrong: Array[Array] = [
		["strength is 0; it must be above 0 and at most 1", "strength", 0.0],
		["strength is nan", "strength", NAN],
		["radius is -1; it must be from 0 to 100000", "radius", -1.0],
		["falloff is nan", "falloff", NAN],
		["material is 128; it must be from 0 to 127", "material", 128],
		["only_materials is 200; it must be from 0 to 127", "only_materials", PackedInt32Array([1, 200])],
		["shape is 4; it must be from 0 to 3", "shape", 4],
		["mode is -1; it must be from 0 to 6", "mode", -1],
		["size is nan along an axis", "size", Vector3(1, NAN, 1)],
	]
	for each in wrong:
		var before: Variant = brush.get(each[1])
		expect_error("VoxelBrush.%s" % each[0])
		brush.set(each[1], each[2])
		check_equal(brush.get(each[1]), before, "%s keeps its value" % each[1])
	check_equal(brush.only_materials, PackedInt32Array(), "no mask")
	brush.only_materials = [5, 2]
	check_equal(brush.only_materials, PackedInt32Array([2, 5]), "a mask")
	var generator := VoxelNoiseGenerator.new()
	expect_error("VoxelNoiseGenerator.steep_material is 200; it must be from 0 to 127")
	generator.steep_material = 200
	check_equal(generator.steep_material, 0, "it keeps its value")
	expect_error("VoxelNoiseGenerator.steep_slope is -1; it must be from 0 to 100")
	generator.steep_slope = -1.0
	expect_error("VoxelNoiseGenerator.shore_height is nan")
	generator.shore_height = NAN

extends "res://cookbook/stage/recipe.gd"
## Every brush in a row: what it digs in front, and what it adds behind.

const SPACING := 11.5
const FRONT := 4.0
const BACK := -9.0
const NAMES: Array[String] = ["sphere", "box", "path", "cone", "grow, shrink", "smooth", "flatten"]


func prepare() -> void:
	await super()
	# Level ground shows shapes best.
	terrain.dig_box(Vector3(0, 26, 0), Vector3(100, 50, 44))
	terrain.add_box(Vector3(0, -5, 0), Vector3(100, 12, 44))
	for i in NAMES.size():
		_use(i, Vector3((i - 3) * SPACING, 1, 0))
		_write(NAMES[i], Vector3((i - 3) * SPACING, 8.5, BACK))
	look_from(Vector3(0, 19, 41), Vector3(0, 2, -2))


func _use(brush: int, at: Vector3) -> void:
	var front := at + Vector3(0, 0, FRONT)
	var back := at + Vector3(0, 0, BACK)
	match brush:
		0:
			terrain.dig_sphere(front, 4.0)
			terrain.add_sphere(back + Vector3.UP * 2.0, 3.5)
		1:
			var turned := Basis(Vector3.UP, 0.6)
			terrain.dig_box(front, Vector3(6, 6, 6), turned)
			terrain.add_box(back + Vector3.UP * 2.0, Vector3(5, 6, 5), turned)
		2:
			var bend := PackedVector3Array([
				Vector3(-3, -1, 5), Vector3(-2, -1, 0), Vector3(3, -1, -1), Vector3(3, -1, -5)])
			terrain.dig_path(Transform3D(Basis(), front + Vector3.UP) * bend, 1.6)
			terrain.add_path(Transform3D(Basis(Vector3.RIGHT, PI / 2), back + Vector3.UP * 2.5) * bend, 1.2)
		3:
			terrain.dig_cone(front + Vector3.DOWN * 4.5, front + Vector3.UP, 0.3, 5.0)
			terrain.add_cone(back, back + Vector3.UP * 7.0, 4.0, 0.3)
		4:
			for i in 6:
				terrain.shrink(front, 5.5, 0.6)
				terrain.grow(back, 5.5, 0.6)
		5:
			# The same box with soft edges.
			terrain.dig_box(front, Vector3(6, 6, 6))
			terrain.add_box(back + Vector3.UP * 2.0, Vector3(5, 6, 5))
			for i in 10:
				terrain.smooth(front, 7.0)
				terrain.smooth(back + Vector3.UP * 2.0, 7.0)
		6:
			# A ramp: what was level faces a little to the left.
			for i in 8:
				terrain.flatten(front, 5.5, Vector3(-0.5, 1, 0).normalized())
			terrain.add_sphere(back + Vector3.UP * 1.0, 4.0)
			for i in 12:
				terrain.flatten(back + Vector3.UP * 2.0, 6.0, Vector3.UP)


func _write(text: String, at: Vector3) -> void:
	var label := Label3D.new()
	label.text = text
	label.position = at
	label.billboard = BaseMaterial3D.BILLBOARD_ENABLED
	label.pixel_size = 0.022
	label.font_size = 72
	label.outline_size = 18
	add_child(label)

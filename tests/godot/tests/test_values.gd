# Values cross in both directions, by the engine's two ways of calling: a Variant call, taken when
# the type of the object is not known to the script, and a typed call, taken when all types are.
extends "res://test_suite.gd"

const VALUES := {
	"bool": true,
	"int": -9007199254740993,
	"int8": -128,
	"int32": -2147483648,
	"uint8": 255,
	"uint32": 4294967295,
	"enum": Node.PROCESS_MODE_ALWAYS,
	"float": 0.1,
	"float32": 0.5,
	"string": "grün ∮ 🙂",
	"std_string": "grün ∮ 🙂",
	"string_name": &"name ∮",
	"node_path": ^"/root/a:b",
	"vector2": Vector2(1.5, -2),
	"vector2i": Vector2i(1, -2),
	"rect2": Rect2(1, 2, 3, 4.5),
	"rect2i": Rect2i(1, 2, 3, 4),
	"vector3": Vector3(1, 2, 3.25),
	"vector3i": Vector3i(1, 2, -3),
	"transform2d": Transform2D(Vector2(1, 2), Vector2(3, 4), Vector2(5, 6)),
	"vector4": Vector4(1, 2, 3, 4.5),
	"vector4i": Vector4i(1, 2, 3, -4),
	"plane": Plane(0, 1, 0, 2.5),
	"quaternion": Quaternion(0.5, 0.5, 0.5, -0.5),
	"aabb": AABB(Vector3(1, 2, 3), Vector3(4, 5, 6)),
	"basis": Basis(Vector3(1, 2, 3), Vector3(4, 5, 6), Vector3(7, 8, 9)),
	"color": Color(0.25, 0.5, 0.75, 0.125),
	"dictionary": {"a": 1, 2: [3]},
	"array": [1, "two", null, [3.0]],
	"bytes": [1, 2, 255],
	"variant": 12,
}


func test_every_value_type_returns_unchanged_from_an_untyped_call() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	for type: String in VALUES:
		var value: Variant = VALUES[type]
		if type == "bytes":
			value = PackedByteArray([1, 2, 255])
		check_equal(probe.call("echo_" + type, value), value, type)
	for value: Variant in many_values():
		check_equal(probe.echo_variant(value), value, type_string(typeof(value)))
	for entry: Array in packed_values():
		check_equal(probe.call("echo_" + entry[0], entry[1]), entry[1], entry[0])
		var empty: Variant = entry[1].slice(0, 0)
		check_equal(probe.call("echo_" + entry[0], empty), empty, "empty " + entry[0])


func test_every_value_type_returns_unchanged_from_a_typed_call() -> void:
	var p: NebulaBindingProbe = NebulaBindingProbe.new()
	var b: bool = true
	check_equal(p.echo_bool(b), b)
	var i: int = VALUES.int
	check_equal(p.echo_int(i), i)
	var i8: int = -128
	check_equal(p.echo_int8(i8), i8)
	var u32: int = 4294967295
	check_equal(p.echo_uint32(u32), u32)
	var e: int = Node.PROCESS_MODE_ALWAYS
	check_equal(p.echo_enum(e), e)
	var f: float = 0.1
	check_equal(p.echo_float(f), f)
	var f32: float = 0.5
	check_equal(p.echo_float32(f32), f32)
	var s: String = VALUES.string
	check_equal(p.echo_string(s), s)
	check_equal(p.echo_std_string(s), s)
	var sn: StringName = VALUES.string_name
	check_equal(p.echo_string_name(sn), sn)
	var np: NodePath = VALUES.node_path
	check_equal(p.echo_node_path(np), np)
	var v2: Vector2 = VALUES.vector2
	check_equal(p.echo_vector2(v2), v2)
	var v2i: Vector2i = VALUES.vector2i
	check_equal(p.echo_vector2i(v2i), v2i)
	var r2: Rect2 = VALUES.rect2
	check_equal(p.echo_rect2(r2), r2)
	var r2i: Rect2i = VALUES.rect2i
	check_equal(p.echo_rect2i(r2i), r2i)
	var v3: Vector3 = VALUES.vector3
	check_equal(p.echo_vector3(v3), v3)
	var v3i: Vector3i = VALUES.vector3i
	check_equal(p.echo_vector3i(v3i), v3i)
	var t2: Transform2D = VALUES.transform2d
	check_equal(p.echo_transform2d(t2), t2)
	var v4: Vector4 = VALUES.vector4
	check_equal(p.echo_vector4(v4), v4)
	var v4i: Vector4i = VALUES.vector4i
	check_equal(p.echo_vector4i(v4i), v4i)
	var pl: Plane = VALUES.plane
	check_equal(p.echo_plane(pl), pl)
	var q: Quaternion = VALUES.quaternion
	check_equal(p.echo_quaternion(q), q)
	var box: AABB = VALUES.aabb
	check_equal(p.echo_aabb(box), box)
	var ba: Basis = VALUES.basis
	check_equal(p.echo_basis(ba), ba)
	var t3 := Transform3D(ba, v3)
	check_equal(p.echo_transform3d(t3), t3)
	var pr := Projection(v4, v4 * 2, v4 * 3, v4 * 4)
	check_equal(p.echo_projection(pr), pr)
	var c: Color = VALUES.color
	check_equal(p.echo_color(c), c)
	var d: Dictionary = VALUES.dictionary
	check_equal(p.echo_dictionary(d), d)
	var a: Array = VALUES.array
	check_equal(p.echo_array(a), a)
	var bytes := PackedByteArray([1, 2, 255])
	check_equal(p.echo_bytes(bytes), bytes)
	var ints := PackedInt32Array([1, -2])
	check_equal(p.echo_ints(ints), ints)
	var floats := PackedFloat32Array([1, -2.5])
	check_equal(p.echo_floats(floats), floats)
	var strings := PackedStringArray(["a", "", "ü"])
	check_equal(p.echo_strings(strings), strings)
	var points := PackedVector3Array([Vector3.UP, Vector3.ONE])
	check_equal(p.echo_vector3s(points), points)
	var callable := Callable(self, "check")
	check_equal(p.echo_callable(callable), callable)
	var signal_: Signal = tree.process_frame
	check_equal(p.echo_signal(signal_), signal_)
	var any: Variant = [1, {}]
	check_equal(p.echo_variant(any), any)
	check_equal(p.echo_variant(null), null)


func test_rid_object_callable_and_signal_return_unchanged() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	var resource := Resource.new()
	check_equal(probe.echo_rid(resource.get_rid()), resource.get_rid())
	var node := Node.new()
	check(probe.echo_object(node) == node, "an object is the same object")
	check(probe.echo_node(node) == node, "a node is the same node")
	check(probe.echo_node(null) == null, "null stays null")
	check(probe.echo_resource(null) == null, "a null resource stays null")
	check(probe.echo_resource(resource) == resource, "a resource is the same resource")
	check_equal(probe.echo_callable(node.get_name), node.get_name)
	check_equal(probe.echo_signal(node.ready), node.ready)
	check_equal(probe.name_signal(node.ready), &"ready")
	node.free()


func test_values_convert_where_the_engine_itself_would() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	check_equal(probe.echo_float(3), 3.0, "int to float")
	check_equal(probe.echo_int(3.9), 3, "float to int")
	check_equal(probe.echo_bool(2), true, "int to bool")
	check_equal(probe.echo_string(&"name"), "name", "StringName to String")
	check_equal(probe.echo_string_name("text"), &"text", "String to StringName")
	check_equal(probe.echo_node_path("a/b"), ^"a/b", "String to NodePath")
	check_equal(probe.echo_vector3(Vector3i(1, 2, 3)), Vector3(1, 2, 3), "Vector3i to Vector3")
	check_equal(probe.echo_floats([1, 2.5]), PackedFloat32Array([1, 2.5]), "Array to packed")


func test_an_int_that_does_not_fit_is_an_error_and_not_a_wrong_number() -> void:
	var probe: Variant = NebulaBindingProbe.new()
	var typed_probe: NebulaBindingProbe = probe
	expect_error("NebulaBindingProbe.echo_uint8: 256 does not fit uint8")
	check_equal(probe.echo_uint8(256), 0)
	expect_error("NebulaBindingProbe.echo_int8: 128 does not fit int8")
	check_equal(probe.echo_int8(128), 0)
	expect_error("NebulaBindingProbe.echo_int32: 2147483648 does not fit int32")
	var too_much: int = 2147483648
	check_equal(typed_probe.echo_int32(too_much), 0, "typed")
	expect_error("NebulaBindingProbe.echo_uint32: -1 does not fit uint32")
	check_equal(probe.echo_uint32(-1), 0)


func test_containers_are_read_and_written_from_our_side() -> void:
	var probe := NebulaBindingProbe.new()
	check_equal(probe.sum([1, 2.5, true]), 4.5)
	check_equal(probe.sum([]), 0.0)
	check_equal(probe.first_of_nested(make_nested()), "in")
	check_equal(probe.swapped({"a": 1, "b": "x"}), {1: "a", "x": "b"})


func test_writing_a_shared_packed_array_leaves_the_other_copy_alone() -> void:
	var probe := NebulaBindingProbe.new()
	var mine := PackedFloat32Array([1, 2, 3])
	check_equal(probe.doubled(mine), PackedFloat32Array([2, 4, 6]))
	check_equal(mine, PackedFloat32Array([1, 2, 3]), "the caller's array")


func make_nested() -> Array:
	return [[["in"], 1], 2]


func many_values() -> Array:
	return [null, Projection.IDENTITY, Transform3D.IDENTITY, RID(), Callable(), Signal(), NAN == NAN]


func packed_values() -> Array:
	return [
		["ints", PackedInt32Array([1, -2147483648])],
		["longs", PackedInt64Array([1, -9007199254740993])],
		["floats", PackedFloat32Array([0.5, -1])],
		["doubles", PackedFloat64Array([0.1, -1])],
		["strings", PackedStringArray(["a", "", "∮"])],
		["vector2s", PackedVector2Array([Vector2.UP])],
		["vector3s", PackedVector3Array([Vector3.UP, Vector3.ONE])],
		["vector4s", PackedVector4Array([Vector4.ONE])],
		["colors", PackedColorArray([Color.RED])],
	]

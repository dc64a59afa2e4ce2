# Every method and property of every class of ours, called with what does not belong there: the list comes
# from the engine, the arguments from the types that it tells. Whatever is passed, nothing crashes or
# hangs, a call says one sentence at most, and one that gives an error code says one.
extends "res://voxel_suite.gd"

# Unlikely to be right, and in each place in turn.
const ODD_INTS := [0, 1, -1, 255, 1 << 31, (1 << 62) + 1, -0x8000000000000000]
const ODD_FLOATS := [0.0, -1.0, 1e-300, 1e9, 1e300, INF, -INF, NAN]
const ODD_STRINGS := ["", " ", "\n", "no/such/thing", "res://no_such_thing", "user://", "\u0001%s"]
# The engine converts some of them, and refuses the rest.
const OTHER_TYPES := [null, "text", 1.5, Vector3.ONE, [], {}]
const LONG_TEXT := 4000
const RANDOM_CALLS := 6  # of each method, with an odd value in each place
const LONGEST_SENTENCE := 600
# Nothing to take back is no mistake.
const SILENT := ["VoxelTerrain.undo", "VoxelTerrain.redo"]


var _errors := Reports.new(false)
var _random := RandomNumberGenerator.new()
var _freed := Node.new()
var _node := Node3D.new()


func our_classes() -> Array:
	return Array(ClassDB.get_class_list()).filter(
		func(name: String) -> bool:
			var ours := ClassDB.class_get_api_type(name) == ClassDB.API_EXTENSION
			return ours and ClassDB.can_instantiate(name) and name != "NebulaPump"
	)


func odd_values(type: int) -> Array:
	match type:
		TYPE_BOOL:
			return [true, false]
		TYPE_INT:
			return ODD_INTS
		TYPE_FLOAT:
			return ODD_FLOATS
		TYPE_STRING, TYPE_STRING_NAME, TYPE_NODE_PATH:
			return ODD_STRINGS + ["x".repeat(LONG_TEXT)]
		TYPE_VECTOR3:
			return ODD_FLOATS.map(func(f: float) -> Vector3: return Vector3(1, f, 2)) + [Vector3.ZERO]
		TYPE_VECTOR3I:
			return [Vector3i.ZERO, Vector3i.MAX, Vector3i.MIN, Vector3i(-1, 1, 1)]
		TYPE_COLOR:
			return [Color(NAN, 0, 0), Color(-1, 1e30, 0, 2)]
		TYPE_AABB:
			return [
				AABB(),
				AABB(Vector3.ZERO, -Vector3.ONE),
				AABB(Vector3.ZERO, Vector3.INF),
				AABB(Vector3(NAN, 0, 0), Vector3.ONE),
				AABB(Vector3(1e30, 0, 0), Vector3.ONE),
				AABB(-Vector3.ONE * 1e9, Vector3.ONE * 2e9),
			]
		TYPE_TRANSFORM3D:
			return [
				Transform3D(Vector3.ZERO, Vector3.ZERO, Vector3.ZERO, Vector3.ZERO),
				Transform3D(Basis.IDENTITY, Vector3(NAN, 0, 0)),
				Transform3D(Basis.from_scale(Vector3(1, -1, 1)), Vector3.ZERO),
				Transform3D(Basis.from_scale(Vector3(1e30, 1, 1e-30)), Vector3.ONE * 1e30),
			]
		TYPE_CALLABLE:
			return [Callable(), Callable(_node, "no_such_method"), Callable(_freed, "get_class"), breathe]
		TYPE_SIGNAL:
			return [Signal(), Signal(_node, "no_such_signal"), _node.tree_entered]
		TYPE_OBJECT:
			return [null, _freed, _node, RefCounted.new(), Resource.new(), BoxMesh.new()]
		TYPE_DICTIONARY:
			return [{}, {1: 2}, {"position": NAN}]
		TYPE_ARRAY:
			return [[], [null], [1, "two", Vector3.ONE, _node], [[[]]]]
		TYPE_PACKED_BYTE_ARRAY:
			return [PackedByteArray(), PackedByteArray([255])]
		TYPE_PACKED_FLOAT32_ARRAY:
			return [PackedFloat32Array(), PackedFloat32Array([NAN]), PackedFloat32Array([INF, 1e30])]
		TYPE_PACKED_STRING_ARRAY:
			return [PackedStringArray(), PackedStringArray([""])]
		TYPE_PACKED_VECTOR3_ARRAY:
			return [PackedVector3Array(), PackedVector3Array([Vector3.INF, Vector3(NAN, 0, 0)])]
		TYPE_NIL:  # anything
			return [null, 0, -1, NAN, "", _freed, _node, [], {}, Callable(), Signal()]
	return [type_convert(null, type)]


func breathe() -> void:
	pass


# What a user might pass.
func likely(argument: Dictionary) -> Variant:
	match argument.type:
		TYPE_BOOL:
			return true
		TYPE_INT:
			return 1
		TYPE_FLOAT:
			return 2.0
		TYPE_STRING, TYPE_STRING_NAME:
			return "user://wrong_calls"
		TYPE_VECTOR3:
			return Vector3(1, 2, 3)
		TYPE_VECTOR3I:
			return Vector3i(2, 2, 2)
		TYPE_AABB:
			return AABB(Vector3.ZERO, Vector3.ONE * 4.0)
		TYPE_CALLABLE:
			return func(_x: Variant = null) -> int: return 1
		TYPE_SIGNAL:
			return tree.process_frame
		TYPE_ARRAY:
			return [1, 2]
		TYPE_OBJECT when ClassDB.is_parent_class(argument.class_name, "RefCounted"):
			return ClassDB.instantiate(argument.class_name)
	return type_convert(null, argument.type)


func try_call(call: Callable, what: String, values: Array, gives_error := false) -> void:
	var result: Variant = call.callv(values)
	var said := _errors.take()
	var shown := "%s(%s)" % [what, ", ".join(values.map(text_of)).left(200)]
	check(said.size() <= 1, "%s says %d things: %s" % [shown, said.size(), " | ".join(said)])
	if gives_error and result is int and result != OK and what not in SILENT:
		check(said.size() == 1, "%s gives %s and says nothing" % [shown, error_string(result)])
	judge(said, shown)


func judge(said: PackedStringArray, what: String) -> void:
	for line in said:
		var fits := line != "" and "\n" not in line and line.length() < LONGEST_SENTENCE
		check(fits, "%s says \"%s\"" % [what, line.left(LONGEST_SENTENCE)])


func text_of(value: Variant) -> String:
	return "freed" if typeof(value) == TYPE_OBJECT and not is_instance_valid(value) else str(value)


func try_method(object: Object, method: Dictionary) -> void:
	var what: String = object.get_class() + "." + method.name
	var call := Callable(object, method.name)
	var gives_error: bool = method.return.class_name == &"Error"
	var good: Array = method.args.map(likely)
	for place in good.size():
		for value in odd_values(method.args[place].type) + OTHER_TYPES:
			var values := good.duplicate()
			values[place] = value
			try_call(call, what, values, gives_error)
	for i in RANDOM_CALLS:
		var values: Array = method.args.map(
			func(argument: Dictionary) -> Variant:
				var odd := odd_values(argument.type)
				return odd[_random.randi() % odd.size()]
		)
		try_call(call, what, values, gives_error)
	try_call(call, what, good + [1, 2, 3])  # too many
	try_call(call, what, [])  # too few


func try_property(object: Object, property: Dictionary) -> void:
	var what: String = object.get_class() + "." + property.name
	var before: Variant = object.get(property.name)
	for value in odd_values(property.type) + OTHER_TYPES:
		try_call(object.set, what, [property.name, value])
	object.set(property.name, before)


func try_object(object: Object) -> void:
	_errors.take()
	var name := object.get_class()
	for property in ClassDB.class_get_property_list(name, true):
		if property.usage & (PROPERTY_USAGE_STORAGE | PROPERTY_USAGE_EDITOR):
			try_property(object, property)
	for method in ClassDB.class_get_method_list(name, true):
		if method.flags & METHOD_FLAG_VIRTUAL:
			continue
		if object is VoxelTerrain and object.is_inside_tree():
			await mend(object)
		try_method(object, method)
		await frames(2)
		judge(_errors.take(), name + "." + method.name + ", later,")  # what tasks say


# So that every method meets ground, whatever the one before has done.
func mend(terrain: VoxelTerrain) -> void:
	terrain.end_stroke()
	if terrain.generator == null or terrain.view_distance != 64.0:
		terrain.generator = VoxelFlatGenerator.new()
		terrain.view_distance = 64.0
	await load_whole(terrain)
	_errors.take()


func listen() -> void:
	_freed.free()
	tree.root.add_child(_node)
	_random.seed = 1
	OS.add_logger(_errors)


func stop_listening() -> void:
	OS.remove_logger(_errors)
	_node.free()
	errors_are_judged = true


func test_wrong_calls_of_an_object_alone() -> void:
	listen()
	for name: String in our_classes():
		var object: Object = Nebula if name == "NebulaServer" else ClassDB.instantiate(name)
		await try_object(object)
		if object is Node:
			object.free()
	stop_listening()


func test_wrong_calls_of_a_terrain_with_ground() -> void:
	var terrain := await loaded_terrain()
	listen()
	await try_object(terrain)
	stop_listening()
	await remove(terrain)

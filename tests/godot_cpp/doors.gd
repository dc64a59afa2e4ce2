# Everything that examples/godot_cpp does, in a game that has the add-on, too; then quits with all of
# it pending. run.sh reads what is said.
extends SceneTree

const PRIMES_BELOW_10000 := 1229


class Bell:
	extends RefCounted
	signal rung(how_often: int)


var _failed := 0
var _opened := []
var _lost := 0


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	await beside_the_addon()
	await knocks()
	await bells()
	await freed_doors()
	leave_with_everything_pending()
	print("doors: %d failed" % _failed)
	quit()


func check(condition: bool, claim: String) -> void:
	if not condition:
		_failed += 1
		printerr("ERROR: ", claim)


# Without its type, so that this script compiles where there is no extension.
func door() -> Node3D:
	var made: Node3D = ClassDB.instantiate("Door")
	made.connect("opened", func(primes: int) -> void: _opened.append(primes))
	made.connect("bell_lost", func() -> void: _lost += 1)
	root.add_child(made)
	return made


func until(condition: Callable) -> void:
	for i in 2000:
		if condition.call():
			return
		await process_frame
		OS.delay_msec(1)
	check(false, "that never came about")


func beside_the_addon() -> void:
	var nebula := Engine.get_singleton("Nebula")
	var made := door()
	made.call("watch")
	made.call("knock", 10)
	check(await nebula.call("run", func() -> int: return 42) == 42, "the add-on has its own workers")
	await until(func() -> bool: return not _opened.is_empty())
	check(ClassDB.class_exists("VoxelTerrain") and _opened == [PRIMES_BELOW_10000], "both work: %s" % [_opened])
	made.free()


func knocks() -> void:
	_opened.clear()
	var made := door()
	check(not made.call("is_watched"), "nobody watches it yet")
	made.call("watch")
	check(made.call("is_watched") and made.get_signal_connection_list("knocked").size() == 1, "one coroutine waits")
	made.call("watch")
	check(made.get_signal_connection_list("knocked").size() == 1, "still one")
	var strengths := [0, -5, 1, 2, 10]
	for i in strengths.size():
		if i == 4:
			made.set("difficulty", 10)
		made.call("knock", strengths[i])
		await until(func() -> bool: return _opened.size() == i + 1)
	check(_opened == [0, 0, 168, 303, 25], "each knock is one opening: %s" % [_opened])
	made.emit_signal("knocked", "not a number")
	await until(func() -> bool: return not made.call("is_watched"))
	check(_opened.size() == 5, "a wrong argument ends the coroutine")
	made.free()


func bells() -> void:
	_opened.clear()
	var made := door()
	var bell := Bell.new()
	made.call("open_on", bell.rung)
	await process_frame
	bell.rung.emit(3)
	await until(func() -> bool: return _opened == [0])
	check(bell.rung.get_connections().is_empty() and _lost == 0, "one emission is enough")
	made.call("open_on", bell.rung)
	bell = null
	await until(func() -> bool: return _lost == 1)
	made.call("open_on", Signal())
	await until(func() -> bool: return _lost == 2)
	made.free()
	check(_opened == [0], "%s" % [_opened])


# Before a knock, while a worker counts, and with a bell.
func freed_doors() -> void:
	_opened.clear()
	var bell := Bell.new()
	for wait: int in [0, 1, 5]:
		var made := door()
		made.set("difficulty", 10_000)
		made.call("watch")
		made.call("open_on", bell.rung)
		made.call("knock", 1000)
		for i in wait:
			await process_frame
		made.free()
		check(bell.rung.get_connections().is_empty(), "its coroutines went with it")
	bell.rung.emit(1)
	for i in 3:
		await process_frame
	check(_opened.is_empty() and _lost == 2, "nothing opens without a door: %s" % [_opened])


func leave_with_everything_pending() -> void:
	for i in 20:
		var made := door()
		made.set("difficulty", 10_000)
		made.call("watch")
		made.call("open_on", root.renamed)
		if i % 2 == 0:
			made.call("knock", 100)

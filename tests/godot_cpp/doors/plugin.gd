# Has the editor reload the extension, as it does when the library was built anew, with coroutines at
# every kind of wait: the engine keeps the doors and asks the new library for a new inside.
@tool
extends EditorPlugin

const EXTENSION := "res://door.gdextension"
const ROUNDS := 5


class Bell:
	extends RefCounted
	signal rung


var _opened := []


func _enter_tree() -> void:
	_run()


func _run() -> void:
	while EditorInterface.get_resource_filesystem().is_scanning():
		await get_tree().process_frame
	var bell := Bell.new()
	var idle: Node3D = ClassDB.instantiate("Door")
	var busy: Node3D = ClassDB.instantiate("Door")
	idle.set("difficulty", 7)
	busy.connect("opened", func(primes: int) -> void: _opened.append(primes))
	add_child(idle)
	add_child(busy)
	for i in ROUNDS:
		busy.set("difficulty", 10_000)
		for door: Node3D in [idle, busy]:
			door.call("watch")
			door.call("open_on", bell.rung)
		busy.call("knock", 1000)
		if i % 2 == 1:
			await get_tree().process_frame  # a worker has it now
		check(idle.call("is_watched") and busy.call("is_watched"), "they are pending")
		check(GDExtensionManager.reload_extension(EXTENSION) == OK, "the reload itself")
		check(bell.rung.get_connections().is_empty(), "no connections left")
		check(idle.get_signal_connection_list("knocked").is_empty(), "no connections left")
		check(not idle.call("is_watched") and not busy.call("is_watched"), "a reload ends coroutines")
		check(idle.get("difficulty") == 7, "properties are kept: %s" % idle.get("difficulty"))
		bell.rung.emit()
		await get_tree().process_frame
		check(_opened.is_empty(), "the old coroutines are gone: %s" % [_opened])
		# What lived over the reload works with the new code.
		busy.set("difficulty", 10)
		busy.call("watch")
		busy.call("knock", 10)
		for frame in 1000:
			if not _opened.is_empty():
				break
			await get_tree().process_frame
		check(_opened == [25], "a new coroutine opens it: %s" % [_opened])
		_opened.clear()
	idle.call("watch")
	print("reloaded")
	get_tree().quit()


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: ", claim)

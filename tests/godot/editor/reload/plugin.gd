# Has the editor reload the extension twenty times, as it does when the library was built anew, with
# waits pending, wakes queued and objects of our classes alive: the engine keeps those and asks the
# new library for a new inside.
@tool
extends EditorPlugin

const EXTENSION := "res://probe/nebula_probe.gdextension"
const ROUNDS := 20
const MANY := 20
const CLOSED := 3  # NebulaTaskError.CLOSED


class Emitter:
	extends RefCounted
	signal never
	signal just_before


var _emitter := Emitter.new()
var _told := []  # codes that scripts got from the tasks they waited for


func _enter_tree() -> void:
	_run()


func _run() -> void:
	while EditorInterface.get_resource_filesystem().is_scanning():
		await get_tree().process_frame
	var editors_own := get_tree().process_frame.get_connections().size()
	var probe: Variant = ClassDB.instantiate("NebulaTaskProbe")
	var node: Node = ClassDB.instantiate("NebulaAsyncNode")
	add_child(node)
	var generator: Resource = ClassDB.instantiate("VoxelFlatGenerator")
	generator.set("height", 7.0)
	var terrain: Node = ClassDB.instantiate("VoxelTerrain")
	terrain.set("generator", generator)
	add_child(terrain)
	await get_tree().process_frame
	check(terrain.call("get_statistics").wanted == 0, "a terrain that is in no edited scene streams nothing")
	for i in ROUNDS:
		fill(probe, ClassDB.instantiate("NebulaSignalProbe"))
		var task: Variant = node.call("start", _emitter.never, 1)
		listen(task)
		_emitter.just_before.emit()
		check(GDExtensionManager.reload_extension(EXTENSION) == OK, "the reload itself")
		check(_told == [CLOSED], "who waited is told that the extension went: %s" % [_told])
		_told.clear()
		check(_emitter.never.get_connections().is_empty(), "no connections left")
		check(_emitter.just_before.get_connections().is_empty(), "no connections left")
		check(
			get_tree().process_frame.get_connections().size() == editors_own,
			"process_frame: %s" % [get_tree().process_frame.get_connections()]
		)
		_emitter.never.emit()
		_emitter.just_before.emit()
		await get_tree().process_frame
		# What lived over the reload works with the new code.
		check(probe.locals_made() == 0, "the old library is gone with all it had counted")
		check(task.call("is_done"), "a task of before has ended")
		var old: Variant = task.call("wait")
		check(old is RefCounted and old.get("code") == CLOSED, "and says why: %s" % [old])
		check(node.is_inside_tree() and terrain.is_inside_tree(), "nodes stay in the tree")
		check(generator.get("height") == 7.0, "properties are kept: %s" % generator.get("height"))
		check(terrain.get("generator") == generator, "resources are kept")
		var again: Variant = node.call("start", _emitter.just_before, 2)
		await get_tree().process_frame
		_emitter.just_before.emit()
		await get_tree().process_frame
		await get_tree().process_frame
		check(again.call("is_done") and again.get("result") == 2, "a new task: %s" % [again])
	fill(probe, ClassDB.instantiate("NebulaSignalProbe"))
	print("reloaded")
	get_tree().quit()


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: ", claim)


func listen(task: Variant) -> void:
	var got: Variant = await task.call("wait")
	_told.append(got.get("code"))


func fill(probe: Variant, signals: Variant) -> void:
	probe.report_at_end()
	for i in MANY:
		probe.wait_fallible(_emitter.never)
		probe.wait_none(_emitter.just_before)
		probe.wait_none(get_tree().root.renamed)
		probe.wait_frames(1000000)
		probe.sleep(1000.0)
		probe.hop_for_long(0.001)
		for which: Signal in [_emitter.never, _emitter.just_before, get_tree().process_frame]:
			signals.go_on(signals.stream_untyped(which, 0, false))
			signals.hold_stream(which)
			signals.wait_inline(_emitter.never, 1)

# Takes the extension out of the running engine and back in, twenty times, with waits pending on
# objects that live on and with wakes queued; then emits what would reach the unloaded code.
extends SceneTree

const EXTENSION := "res://probe/nebula_probe.gdextension"
const MANY := 100


class Emitter:
	extends RefCounted
	signal never
	signal just_before


var _emitter := Emitter.new()


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	for i in 20:
		fill()
		_emitter.just_before.emit()
		if GDExtensionManager.unload_extension(EXTENSION) != GDExtensionManager.LOAD_STATUS_OK:
			return quit(1)
		for each: Signal in [
			_emitter.never, _emitter.just_before, root.renamed, root.tree_exiting, process_frame
		]:
			if not each.get_connections().is_empty():
				printerr("FAIL: connected after the unload: ", each.get_connections())
				return quit(1)
		_emitter.never.emit()
		_emitter.just_before.emit()
		await process_frame
		if GDExtensionManager.load_extension(EXTENSION) != GDExtensionManager.LOAD_STATUS_OK:
			return quit(1)
		await process_frame
		if locals_made() != 0:
			printerr("FAIL: the library was never gone: it remembers its life before")
			return quit(1)
	fill()
	quit()


# Functions of their own: the probes must be gone before their classes are.
func locals_made() -> int:
	return ClassDB.instantiate("NebulaTaskProbe").locals_made()


func fill() -> void:
	# A worker in the middle of a function, and more of them in the queue.
	var began := Semaphore.new()
	for i in 10:
		Engine.get_singleton("Nebula").spawn(until_told.bind(began))
	began.wait()
	var probe: Variant = ClassDB.instantiate("NebulaTaskProbe")
	var signals: Variant = ClassDB.instantiate("NebulaSignalProbe")
	var combinations: Variant = ClassDB.instantiate("NebulaCombinationProbe")
	probe.report_at_end()
	for i in MANY:
		probe.wait_fallible(_emitter.never)
		probe.wait_none(_emitter.just_before)
		probe.wait_none(root.renamed)
		probe.wait_frames(1000000)
		probe.sleep(1000.0)
		probe.hop_for_long(0.001)
		combinations.stay_on_worker(0.001)
		combinations.spawn_from_any_thread()
		combinations.first_of(_emitter.never, _emitter.just_before)
		combinations.limited(_emitter.just_before, 1000.0)
		for which: Signal in [_emitter.never, _emitter.just_before, root.renamed, process_frame]:
			signals.go_on(signals.stream_untyped(which, 0, false))
			signals.wait_inline(_emitter.never, 1)


static func until_told(began: Semaphore) -> void:
	began.post()
	while not Engine.get_singleton("Nebula").stop_requested():
		OS.delay_usec(100)

# Tells an emitter, from its constructor, on which thread it was loaded.
extends Resource

static var emitter: Object


func _init() -> void:
	if emitter != null:
		var main := OS.get_thread_caller_id() == OS.get_main_thread_id()
		emitter.emit_signal("found", "loaded on the main thread" if main else "loaded off the main thread")

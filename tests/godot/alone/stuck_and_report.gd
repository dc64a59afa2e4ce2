# The two project settings for waiting tasks: a wait that lasts too long causes one warning, and at
# exit each task that still waits is named with its place.
# says: ^WARNING: task 'given' \(#[0-9]+\) has been waiting for [0-9.]+ s: signal 'first' of RefCounted, async_probe\.cpp:[0-9]+$
# says: ^Nebula: at exit, task 'given' \(#[0-9]+\) has been waiting for [0-9.]+ s: signal 'first' of RefCounted, async_probe\.cpp:[0-9]+$
# says: ^Nebula: at exit, task 'frames' \(#[0-9]+\) has been waiting for [0-9.]+ s: next frame, async_probe\.cpp:[0-9]+$
extends SceneTree


class Emitter:
	extends RefCounted
	signal first
	signal second


# The warnings of Nebula that the engine was given, from whatever thread.
class Warnings:
	extends Logger
	var _mutex := Mutex.new()
	var _all: PackedStringArray

	func _log_error(
		_function: String, file: String, _line: int, code: String, rationale: String,
		_editor: bool, type: int, _backtraces: Array[ScriptBacktrace]
	) -> void:
		if type == ERROR_TYPE_WARNING:
			_mutex.lock()
			_all.append("%s at %s" % [rationale if rationale != "" else code, file.get_file()])
			_mutex.unlock()

	func of(task: NebulaTask) -> int:
		_mutex.lock()
		var count := 0
		for each in _all:
			if "task '%s'" % task.name in each and each.ends_with(" at async_probe.cpp"):
				count += 1
		_mutex.unlock()
		return count


var _warnings := Warnings.new()
var _emitter := Emitter.new()


# Before the extension's main loop, which reads them as it starts.
func _init() -> void:
	ProjectSettings.set_setting("nebula/tasks/stuck_warning_seconds", 0.01)
	ProjectSettings.set_setting("nebula/tasks/report_at_exit", true)
	OS.add_logger(_warnings)


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	var probe := NebulaAsyncProbe.new()
	probe.report_at_end()
	var waits := probe.task_after(_emitter.first, 1)
	probe.own_frames(root)  # waits for ever, but never for long
	await told_of(waits)
	# It is told as often as it waits: the look that finds the other finds it too.
	var ended := probe.failing_task(_emitter.second, "")
	await told_of(ended)
	var told := [_warnings.of(waits), _warnings.of(ended)]
	ended.cancel()
	OS.remove_logger(_warnings)
	if told != [1, 1]:
		printerr("FAIL: told so many times of two waits: ", told)
		return quit(1)
	quit()


# With a hang guard, generous on purpose.
func told_of(task: NebulaTask) -> void:
	var guard := Time.get_ticks_msec() + 20000
	while _warnings.of(task) == 0 and Time.get_ticks_msec() < guard:
		await process_frame

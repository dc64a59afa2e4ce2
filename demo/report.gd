extends RefCounted
## Collects the figures of one run and writes them as JSON and as a table.


## Counts what the engine logs as an error, from any thread.
class ErrorCounter:
	extends Logger

	var count := 0
	var _mutex := Mutex.new()

	func _log_error(_function: String, _file: String, _line: int, _code: String, _rationale: String,
			_editor_notify: bool, error_type: int, _backtraces: Array[ScriptBacktrace]) -> void:
		if error_type == Logger.ERROR_TYPE_WARNING:
			return
		_mutex.lock()
		count += 1
		_mutex.unlock()


var error_counter := ErrorCounter.new()
var leaked_objects := 0
## What a tour has promised, in order: {"name", "kept", "seen"}.
var promises: Array[Dictionary]

var _first_terrain := {}
var _load := {}
var _load_started_usec := 0
var _counting_frames := false
var _frames_msec: PackedFloat64Array
var _edits_msec: PackedFloat64Array
var _edits_same_frame := 0
var _chunks_remeshed := 0
var _flight := {}
var _flight_msec: PackedFloat64Array
var _flight_bare := 0
var _idle_started := {}
var _idle := {}


## `enter_msec`: of the call that adds the terrain to the tree. `frame_msec`: main-thread work of the
## longest of its first frames.
func set_first_terrain(enter_msec: float, frame_msec: float) -> void:
	_first_terrain = {"enter_ms": snappedf(enter_msec, 0.001), "frame_ms": snappedf(frame_msec, 0.001)}


func begin_load() -> void:
	_load_started_usec = Time.get_ticks_usec()


## `utilization` is VoxelTerrain.get_load_utilization(): how busy the workers were while chunks were
## queued. Before the first request and after the last there is nothing to do.
func end_load(statistics: Dictionary, utilization: Dictionary) -> void:
	var shares: Array[float] = []
	for share: float in utilization["busy_share"]:
		shares.append(snappedf(share, 0.0001))
	_load = {
		"seconds": _seconds_since(_load_started_usec),
		"chunks_meshed": statistics["meshed"],
		"triangles": statistics["triangles"],
		"utilization_per_worker": shares,
		"utilization_average": snappedf(_mean(shares), 0.0001),
	}


func begin_frames() -> void:
	_counting_frames = true


func end_frames() -> void:
	_counting_frames = false


func add_frame(work_msec: float) -> void:
	if _counting_frames:
		_frames_msec.append(work_msec)


func begin_flight() -> void:
	_flight_msec.clear()
	_flight_bare = 0


## `is_ready`: whether the ground below the camera is shown in full detail.
func add_flight_frame(work_msec: float, is_ready: bool) -> void:
	_flight_msec.append(work_msec)
	_flight_bare += 0 if is_ready else 1


func end_flight() -> void:
	_flight_msec.sort()
	_flight = {
		"frames": _flight_msec.size(),
		"p99_ms": _percentile(_flight_msec, 0.99),
		"longest_ms": _percentile(_flight_msec, 1.0),
		"bare_share": snappedf(_flight_bare / maxf(_flight_msec.size(), 1.0), 0.0001),
	}


func add_edit(info: Dictionary) -> void:
	for msec: float in info["msec"]:
		_edits_msec.append(msec)
	_edits_same_frame += info["same_frame"]
	_chunks_remeshed += info["chunks"]


## A promise of a tour and whether it was kept; `seen` has the numbers.
func promise(name: String, kept: bool, seen: String) -> void:
	promises.append({"name": name, "kept": kept, "seen": seen})
	print("  %s  %-37s %s" % ["kept  " if kept else "BROKEN", name, seen])
	if not kept:
		printerr("nebula: broken promise: %s (%s)" % [name, seen])


func begin_idle() -> void:
	_idle_started = {"usec": Time.get_ticks_usec(), "workers": Nebula.worker_stats()}


func end_idle() -> void:
	var wakeups := 0
	var cpu_usec := 0
	var workers := Nebula.worker_stats()
	for i in workers.size():
		wakeups += workers[i]["kernel_wakeups"] - _idle_started["workers"][i]["kernel_wakeups"]
		cpu_usec += workers[i]["cpu_usec"] - _idle_started["workers"][i]["cpu_usec"]
	_idle = {
		"seconds": _seconds_since(_idle_started["usec"]),
		"worker_wakeups": wakeups,
		"worker_cpu_ms": snappedf(cpu_usec / 1000.0, 0.001),
	}


func as_dictionary() -> Dictionary:
	_frames_msec.sort()
	_edits_msec.sort()
	return {
		"engine": Engine.get_version_info()["string"],
		"workers": Nebula.worker_count(),
		"first_terrain": _first_terrain,
		"load": _load,
		"frames": {
			"count": _frames_msec.size(),
			"p50_ms": _percentile(_frames_msec, 0.50),
			"p99_ms": _percentile(_frames_msec, 0.99),
			"longest_ms": _percentile(_frames_msec, 1.0),
		},
		"edits": {
			"count": _edits_msec.size(),
			"chunks_remeshed": _chunks_remeshed,
			"to_commit_ms": {
				"p50": _percentile(_edits_msec, 0.50),
				"p99": _percentile(_edits_msec, 0.99),
			},
			"same_frame_share": snappedf(_edits_same_frame / maxf(_edits_msec.size(), 1.0), 0.0001),
		},
		"flight": _flight,
		"idle": _idle,
		"promises": promises,
		"errors": error_counter.count,
		"leaked_objects": leaked_objects,
	}


func has_failed() -> bool:
	return error_counter.count > 0 or leaked_objects > 0 or promises.any(func(promise: Dictionary) -> bool: return not promise["kept"])


## Returns the exit code: 0, or 1 when the file could not be written.
func write(path: String) -> int:
	var file := FileAccess.open(path, FileAccess.WRITE)
	if file == null:
		printerr("nebula: the report could not be written to %s (%s)" % [path, error_string(FileAccess.get_open_error())])
		return 1
	file.store_string(JSON.stringify(as_dictionary(), "  ", false) + "\n")
	file.close()
	print("report   ", path)
	return 0


func print_table() -> void:
	var all := as_dictionary()
	var first: Dictionary = all["first_terrain"]
	var load_part: Dictionary = all["load"]
	var frames: Dictionary = all["frames"]
	var edits: Dictionary = all["edits"]
	var idle_part: Dictionary = all["idle"]
	var busy: PackedStringArray = []
	for share: float in load_part["utilization_per_worker"]:
		busy.append("%.0f %%" % (share * 100.0))
	print("")
	print("  Nebula in Godot %s, %d workers" % [all["engine"], all["workers"]])
	if not first.is_empty():
		print("  first   terrain enters the tree in %.2f ms; longest of its first frames %.2f ms of main thread" % [
				first["enter_ms"], first["frame_ms"]])
	print("  load    %5d chunks, %d triangles in %.2f s; workers busy %s" % [
			load_part["chunks_meshed"], load_part["triangles"], load_part["seconds"], ", ".join(busy)])
	print("  edits   %5d edits, %d chunks remeshed; visible after %.2f ms (p99 %.2f); %.1f %% in the same frame" % [
			edits["count"], edits["chunks_remeshed"], edits["to_commit_ms"]["p50"], edits["to_commit_ms"]["p99"],
			edits["same_frame_share"] * 100.0])
	print("  frames  %5d frames, main thread %.2f ms (p99 %.2f, longest %.2f)" % [
			frames["count"], frames["p50_ms"], frames["p99_ms"], frames["longest_ms"]])
	var flight: Dictionary = all["flight"]
	if not flight.is_empty():
		print("  flight  %5d frames, main thread p99 %.2f ms, longest %.2f; ground below without full detail in %.1f %%" % [
				flight["frames"], flight["p99_ms"], flight["longest_ms"], flight["bare_share"] * 100.0])
	if not idle_part.is_empty():
		print("  idle    %5.1f s: %d wake-ups, %.2f ms of worker CPU" % [
				idle_part["seconds"], idle_part["worker_wakeups"], idle_part["worker_cpu_ms"]])
	if not promises.is_empty():
		var kept := promises.filter(func(promise: Dictionary) -> bool: return promise["kept"]).size()
		print("  kept    %5d of %d promises" % [kept, promises.size()])
	print("  errors  %5d, leaked objects %d" % [all["errors"], all["leaked_objects"]])
	print("")


static func _seconds_since(usec: int) -> float:
	return snappedf((Time.get_ticks_usec() - usec) / 1e6, 0.0001)


static func _mean(values: Array[float]) -> float:
	var sum := 0.0
	for value in values:
		sum += value
	return sum / maxf(values.size(), 1.0)


## Of a sorted list; 0 when it is empty. In the list's unit, to three places.
static func _percentile(sorted: PackedFloat64Array, share: float) -> float:
	if sorted.is_empty():
		return 0.0
	return snappedf(sorted[mini(int(share * sorted.size()), sorted.size() - 1)], 0.001)

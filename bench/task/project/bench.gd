# The rows of ./run bench task, inside the engine: Nebula's tasks (the class NebulaTaskBench) and
# GDScript's coroutines take turns, sample by sample. What a row's span holds: README.md, one folder up.
#   $GODOT --headless --fixed-fps 60 --path PROJECT -- --out=FILE --samples=N --sizes=10,100,…
# The last line is "bench: done"; before it the file has been written.
extends Node

# From _process: what runs in it is in no other emission, and the engine runs deferred calls next.
signal turn
signal never

const OURS := "nebula"
const THEIRS := "gdscript"
const RAW := "raw pool"
const ENGINE := "engine's pool"
const BATCH := 1000  # tasks in a batch of await.signal
const SIGNAL_TURNS := 10  # such a batch is over in milliseconds: so many for a sample of other rows
const WALKERS := 10000  # tasks of await.every_frame
const HOPS := 100  # round trips in a sample of hop.round_trip
const JOBS := 1000  # of scripts in flight
const ITEMS := 100000  # of script.par_for
const CALLS := 20000  # spawns or awaits in a sample of the rows that never wait

var _bench := NebulaTaskBench.new()
var _samples := {}  # {row: {contender: [value]}}
var _growth := {}  # {row: {contender: {size: [value]}}}
var _out := ""
var _count := 5
var _sizes: PackedInt64Array = [10, 100, 1000]

# Of the coroutines below; NebulaTaskBench keeps the same for its tasks.
var _left := 0
var _sum := 0
var _stopped_ns := 0
var _running := false


class Emitter:
	extends RefCounted
	signal hit(amount: int)
	signal struck


func _ready() -> void:
	for argument in OS.get_cmdline_user_args():
		var value := argument.get_slice("=", 1)
		match argument.get_slice("=", 0):
			"--out":
				_out = value
			"--samples":
				_count = value.to_int()
			"--sizes":
				_sizes = []
				for size in value.split(","):
					_sizes.append(size.to_int())
	if _bench.complaint() != "":
		_end("no times: %s" % _bench.complaint(), 1)
		return
	_run()


func _process(_delta: float) -> void:
	turn.emit()


func _run() -> void:
	await turn
	var rows := {
		"await.signal": _signal_row.bind(true),
		"await.signal.no_argument": _signal_row.bind(false),
		"await.every_frame": _frame_row,
		"spawn.finish": _in_turns.bind("spawn.finish", _our_spawns, _their_spawns),
		"await.ready": _in_turns.bind("await.ready", _our_done_tasks, _their_ready),
		"await.ready.event": _in_turns.bind("await.ready.event", _our_set_events, _their_ready),
		"await.child": _in_turns.bind("await.child", _our_children, _their_children),
		"hop.round_trip": _hop_row,
		"hop.again": _hops_row.bind("hop.again", 1),
		"hop.at_once": _hops_row.bind("hop.at_once", 100),
		"script.run": _script_jobs_row,
		"script.par_for": _script_loop_row,
		"script.frame": _script_frame_row,
		"script.idle": _script_idle_row,
	}
	for row: String in rows:
		print("bench: row ", row)
		await rows[row].call()
	print("bench: row await.allocations")
	await _allocation_rows()
	for row: String in ["await.signal", "await.every_frame", "spawn.finish", "await.ready", "await.child", "hop.at_once"]:
		for size in _sizes:
			print("bench: row %s with %d tasks" % [row, size])
			await _grow(row, size)
	var file := FileAccess.open(_out, FileAccess.WRITE)
	if file == null:
		_end("%s cannot be written" % _out, 1)
		return
	var version: String = Engine.get_version_info().string
	file.store_string(JSON.stringify({"engine": version, "samples": _samples, "growth": _growth}))
	file.close()
	_end("done", 0)


func _end(last_word: String, code: int) -> void:
	print("bench: ", last_word)
	_bench.stop()
	get_tree().quit(code)


# A wrong sum means that something else than the row was measured.
func _check(what: String, found: int, wanted: int) -> void:
	if found == wanted:
		return
	_end("%s: %d was counted and %d expected" % [what, found, wanted], 1)
	OS.kill(OS.get_process_id())


func _take(row: String, contender: String, value: float) -> void:
	_samples.get_or_add(row, {}).get_or_add(contender, []).append(value)


func _take_growth(row: String, contender: String, size: int, value: float) -> void:
	_growth.get_or_add(row, {}).get_or_add(contender, {}).get_or_add(str(size), []).append(value)


func _count_done(by: int) -> void:
	_sum += by
	_left -= 1
	if _left == 0:
		_stopped_ns = _bench.cpu_ns()


func _take_sum() -> int:
	var sum := _sum
	_sum = 0
	return sum


func _take_sum_of(contender: String) -> int:
	return _bench.take_sum() if contender == OURS else _take_sum()


# ---- await.signal -------------------------------------------------------------------------------


func _make_emitters(count: int) -> Array[Emitter]:
	var emitters: Array[Emitter] = []
	for i in count:
		emitters.append(Emitter.new())
	return emitters


func _signal_row(with_argument: bool) -> void:
	var row := "await.signal" if with_argument else "await.signal.no_argument"
	var emitters := _make_emitters(BATCH)
	for i in _count * SIGNAL_TURNS + 1:
		for contender: String in [OURS, THEIRS]:
			var times: Vector2 = await _signal_batch(contender, emitters, with_argument)
			if i > 0:  # the first one warms up
				_take(row, contender, times.x)
				if with_argument:
					_take("await.signal.whole", contender, times.y)


# Nanoseconds per task: from the first emission, and from the start of the first task, until the
# last task has gone on and ended.
func _signal_batch(contender: String, emitters: Array[Emitter], with_argument: bool) -> Vector2:
	var count := emitters.size()
	_left = count
	_bench.expect(count)
	var began := _bench.cpu_ns()
	if contender == OURS:
		if with_argument:
			_bench.wait_for_hits(emitters)
		else:
			_bench.wait_for_strikes(emitters)
	elif with_argument:
		for emitter in emitters:
			_wait_for_hit(emitter)
	else:
		for emitter in emitters:
			_wait_for_strike(emitter)
	var start := _bench.cpu_ns()
	if with_argument:
		for emitter in emitters:
			emitter.hit.emit(3)
	else:
		for emitter in emitters:
			emitter.struck.emit()
	await turn
	var stopped := _bench.stopped_ns() if contender == OURS else _stopped_ns
	_check("await.signal", _take_sum_of(contender), count * (3 if with_argument else 1))
	_check("await.signal, tasks that are left", _bench.live(), 0)
	_bench.stop()
	return Vector2(float(stopped - start) / count, float(stopped - began) / count)


func _wait_for_hit(emitter: Emitter) -> void:
	_count_done(await emitter.hit)


func _wait_for_strike(emitter: Emitter) -> void:
	await emitter.struck
	_count_done(1)


# ---- await.every_frame --------------------------------------------------------------------------


func _frame_row() -> void:
	for i in _count + 1:
		for contender: String in [OURS, THEIRS]:
			var took := _frames(contender, WALKERS, 5)
			if i > 0:
				_take("await.every_frame", contender, took)
			await turn


# Nanoseconds per task and frame. The frames are emissions of process_frame by hand, so that nothing
# but what is connected to it is in the span.
func _frames(contender: String, tasks: int, frames: int) -> float:
	if contender == OURS:
		_bench.wait_for_every_frame(tasks)
	else:
		_running = true
		for i in tasks:
			_every_frame()
	var frame := get_tree().process_frame
	frame.emit()
	var start := _bench.cpu_ns()
	for i in frames:
		frame.emit()
	var took := _bench.cpu_ns() - start
	_check("await.every_frame", _take_sum_of(contender), tasks * (frames + 1))
	_bench.stop()
	if _running:
		_running = false
		frame.emit()
		_sum = 0
	return float(took) / tasks / frames


func _every_frame() -> void:
	while _running:
		await get_tree().process_frame
		_sum += 1


# ---- what never waits ---------------------------------------------------------------------------


func _in_turns(row: String, ours: Callable, theirs: Callable) -> void:
	for i in _count + 1:
		var by_contender := {OURS: ours, THEIRS: theirs}
		for contender: String in by_contender:
			var took: int = by_contender[contender].call(CALLS)
			_check(row, _take_sum_of(contender), CALLS)
			if i > 0:
				_take(row, contender, float(took) / CALLS)
		await turn


func _our_spawns(times: int) -> int:
	return _bench.spawn_finish(times)


func _our_done_tasks(times: int) -> int:
	return _bench.await_done_task(times)


func _our_set_events(times: int) -> int:
	return _bench.await_set_event(times)


func _our_children(times: int) -> int:
	return _bench.await_child(times)


# Ten in a round: the loop costs as much as a statement.
func _their_spawns(times: int) -> int:
	var start := _bench.cpu_ns()
	for i in times / 10:
		_add_one(false)
		_add_one(false)
		_add_one(false)
		_add_one(false)
		_add_one(false)
		_add_one(false)
		_add_one(false)
		_add_one(false)
		_add_one(false)
		_add_one(false)
	return _bench.cpu_ns() - start


func _their_ready(times: int) -> int:
	var value: Variant = 1
	var sum := 0
	var start := _bench.cpu_ns()
	for i in times / 10:
		sum += await value
		sum += await value
		sum += await value
		sum += await value
		sum += await value
		sum += await value
		sum += await value
		sum += await value
		sum += await value
		sum += await value
	_sum = sum
	return _bench.cpu_ns() - start


func _their_children(times: int) -> int:
	var sum := 0
	var start := _bench.cpu_ns()
	for i in times / 10:
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
		sum += await _one(false)
	_sum = sum
	return _bench.cpu_ns() - start


# A coroutine, though it never waits.
func _add_one(waits: bool) -> void:
	_sum += 1
	if waits:
		await turn


func _one(waits: bool) -> int:
	if waits:
		await turn
	return 1


# ---- hop.round_trip -----------------------------------------------------------------------------


func _hop_row() -> void:
	for i in _count + 1:
		for j in HOPS:
			var ours := _bench.hop()
			var raw := _bench.raw_hop()
			if i > 0:
				_take("hop.round_trip", OURS, ours)
				_take("hop.round_trip", RAW, raw)
		_check("hop.round_trip", _bench.take_sum(), 2 * HOPS)
		await turn


# One task that hops again and again, and a hundred that do.
func _hops_row(row: String, tasks: int) -> void:
	var times := CALLS / tasks / 10
	for i in _count + 1:
		var ours := _bench.hops(tasks, times)
		var raw := _bench.raw_hops(tasks, times)
		_check(row, _bench.take_sum(), 2 * tasks * times)
		if i > 0:
			_take(row, OURS, float(ours) / tasks / times)
			_take(row, RAW, float(raw) / tasks / times)
		await turn


# ---- script.* -----------------------------------------------------------------------------------


static func _job() -> int:
	return 1


# A fiftieth of a frame.
static func _long_job() -> int:
	var end := Time.get_ticks_usec() + 300
	while Time.get_ticks_usec() < end:
		pass
	return 1


static func _item(_i: int) -> void:
	pass


# Microseconds per job: what the main thread computes, and until all results are there.
func _script_jobs_row() -> void:
	for i in _count + 1:
		for contender: String in [OURS, ENGINE]:
			await turn
			var cpu := _bench.cpu_ns()
			var start := Time.get_ticks_usec()
			var sum := await _our_jobs(_job) if contender == OURS else _their_jobs(_job)
			var whole := Time.get_ticks_usec() - start
			cpu = _bench.cpu_ns() - cpu
			_check("script.run", sum, JOBS)
			if i > 0:
				_take("script.run", contender, cpu / 1000.0 / JOBS)
				_take("script.run.whole", contender, float(whole) / JOBS)


func _our_jobs(job: Callable) -> int:
	var jobs := []
	for i in JOBS:
		jobs.append(Nebula.run(job))
	var sum := 0
	for each: Variant in jobs:
		sum += await each
	return sum


func _their_jobs(job: Callable) -> int:
	var results := PackedInt32Array()
	results.resize(JOBS)
	var jobs := PackedInt64Array()
	for i in JOBS:
		jobs.append(WorkerThreadPool.add_task(_store.bind(job, results, i)))
	for id in jobs:
		WorkerThreadPool.wait_for_task_completion(id)
	return JOBS


# The engine's pool returns nothing, so its users write the result somewhere.
static func _store(job: Callable, results: PackedInt32Array, i: int) -> void:
	results[i] = job.call()


# Nanoseconds per item, until all are done.
func _script_loop_row() -> void:
	for i in _count + 1:
		for contender: String in [OURS, ENGINE]:
			await turn
			var start := Time.get_ticks_usec()
			if contender == OURS:
				_check("script.par_for", int(Nebula.par_for(ITEMS, _item) == null), 1)
			else:
				var id := WorkerThreadPool.add_group_task(_item, ITEMS)
				WorkerThreadPool.wait_for_group_task_completion(id)
			if i > 0:
				_take("script.par_for", contender, (Time.get_ticks_usec() - start) * 1000.0 / ITEMS)


# Milliseconds of the longest frame from the start of the jobs until the last result is there.
func _script_frame_row() -> void:
	for i in _count + 1:
		for contender: String in [OURS, ENGINE]:
			await turn
			_frame_began = 0
			_longest = 0
			get_tree().process_frame.connect(_note_frame)
			var sum := await _our_jobs(_long_job) if contender == OURS else await _their_polled_jobs()
			await turn
			get_tree().process_frame.disconnect(_note_frame)
			_check("script.frame", sum, JOBS)
			if i > 0:
				_take("script.frame", contender, _longest / 1000.0)


var _frame_began := 0
var _longest := 0


func _note_frame() -> void:
	var now := Time.get_ticks_usec()
	if _frame_began > 0:
		_longest = maxi(_longest, now - _frame_began)
	_frame_began = now


# As a game does that must not wait: every frame it asks for those that are left.
func _their_polled_jobs() -> int:
	var results := PackedInt32Array()
	results.resize(JOBS)
	var jobs := []
	for i in JOBS:
		jobs.append(WorkerThreadPool.add_task(_store.bind(_long_job, results, i)))
	while not jobs.is_empty():
		await turn
		var left := []
		for id: int in jobs:
			if WorkerThreadPool.is_task_completed(id):
				WorkerThreadPool.wait_for_task_completion(id)
			else:
				left.append(id)
		jobs = left
	return JOBS


# Wake-ups per second of the pool's threads when there is nothing to do.
func _script_idle_row() -> void:
	var names := {OURS: "nebula-worker", ENGINE: "WorkerThread"}
	await get_tree().create_timer(0.2, true, false, true).timeout
	var before := {}
	for contender: String in names:
		before[contender] = _wakeups(names[contender])
	var start := Time.get_ticks_usec()
	while Time.get_ticks_usec() - start < 1000000:
		OS.delay_msec(50)
		await turn
	for contender: String in names:
		_take("script.idle", contender, float(_wakeups(names[contender]) - before[contender]))


func _wakeups(thread_name: String) -> int:
	var sum := 0
	for task in DirAccess.get_directories_at("/proc/self/task"):
		var folder := "/proc/self/task/" + task
		if not _text_of(folder + "/comm").begins_with(thread_name.left(15)):
			continue
		sum += _text_of(folder + "/status").get_slice("\nvoluntary_ctxt_switches:", 1).to_int()
	return sum


# Files of the kernel have no length.
func _text_of(path: String) -> String:
	var file := FileAccess.open(path, FileAccess.READ)
	return file.get_buffer(8192).get_string_from_ascii() if file != null else ""


# ---- await.allocations --------------------------------------------------------------------------


# Calls of operator new per await, the whole process, after a first round has filled the pools.
func _allocation_rows() -> void:
	if not _bench.sees_allocations():
		_end("the allocator that counts does not see all allocations", 1)
		return
	var emitters := _make_emitters(100)
	_bench.wait_for_every_hit(emitters)
	await _count_allocations("signal", 100, func() -> void:
		for emitter in emitters:
			emitter.hit.emit(1)
		await turn)
	_bench.wait_for_every_frame(100)
	await _count_allocations("frame", 100, func() -> void: get_tree().process_frame.emit())
	_bench.wait_for_every_timeout(100)
	await _count_allocations("timer", 100, func() -> void: get_tree().process_frame.emit())
	await _count_allocations("pool_job", 100, func() -> void: _bench.hops(10, 10))
	await _count_allocations("child", 100, func() -> void: _bench.await_child(100))
	await _count_allocations("spawn", 100, func() -> void: _bench.spawn_finish(100))


func _count_allocations(kind: String, awaits: int, round: Callable) -> void:
	for i in 20:
		await round.call()
	_bench.take_sum()
	_bench.count_allocations(true)
	for i in 50:
		await round.call()
	var found := _bench.allocations()
	_bench.count_allocations(false)
	_check("await.allocations." + kind, _bench.take_sum(), 50 * awaits)
	_take("await.allocations." + kind, OURS, float(found) / 50 / awaits)
	_bench.stop()


# ---- growth -------------------------------------------------------------------------------------


func _grow(row: String, size: int) -> void:
	var batches := clampi(2000 / size, 1, 20)
	var emitters := _make_emitters(size if row == "await.signal" else 0)
	for i in maxi(2, _count / 3):
		match row:
			"await.signal":
				for contender: String in [OURS, THEIRS]:
					for j in batches:
						var times := await _signal_batch(contender, emitters, true)
						_take_growth(row, contender, size, times.x)
			"await.every_frame":
				for contender: String in [OURS, THEIRS]:
					_take_growth(row, contender, size, _frames(contender, size, clampi(20000 / size, 2, 200)))
			"hop.at_once":
				for j in batches:
					_take_growth(row, OURS, size, float(_bench.hops(size, 4)) / size / 4)
					_take_growth(row, RAW, size, float(_bench.raw_hops(size, 4)) / size / 4)
				_check(row, _bench.take_sum(), 8 * batches * size)
			_:
				_grow_beside_waiting(row, size)
		await turn


# Rows that never wait, while so many other tasks do.
func _grow_beside_waiting(row: String, size: int) -> void:
	var ours: Callable = {"spawn.finish": _our_spawns, "await.ready": _our_done_tasks, "await.child": _our_children}[row]
	var theirs: Callable = {"spawn.finish": _their_spawns, "await.ready": _their_ready, "await.child": _their_children}[row]
	_bench.wait_for_ever(size)
	_check(row + ", tasks that wait", _bench.live(), size)
	_take_growth(row, OURS, size, float(ours.call(CALLS)) / CALLS)
	_check(row, _bench.take_sum(), CALLS)
	_bench.stop()
	for i in size:
		_wait_for_ever()
	var took: int = theirs.call(CALLS)
	_take_growth(row, THEIRS, size, float(took) / CALLS)
	_check(row, _take_sum(), CALLS)
	never.emit()


func _wait_for_ever() -> void:
	await never

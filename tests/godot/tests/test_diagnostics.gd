# What can be seen of tasks: rows, monitors, the report of who still waits.
extends "res://task_suite.gd"


var probe := NebulaAsyncProbe.new()
var emitter := Emitter.new()


func row_of(name: String) -> Dictionary:
	for row: Dictionary in Nebula.live_tasks():
		if row.name == name:
			return row
	return {}


func test_a_row_tells_state_place_and_time_of_a_wait() -> void:
	var task := probe.task_after(emitter.fired, 1)
	await frames(3)
	var row := row_of("given")
	check_equal(row.state, "waiting")
	check_equal(row.reason, "signal")
	check_equal(row.detail, "'fired' of RefCounted")
	check(row.site.begins_with("async_probe.cpp:"), "site: %s" % row.site)
	check(row.waited_seconds >= 0.0 and row.age_seconds >= row.waited_seconds, "times: %s" % row)
	task.cancel()
	check_equal(row_of("given"), {})


func test_a_row_tells_what_of_the_engines_is_waited_for() -> void:
	var tween := tree.create_tween()
	tween.tween_interval(1000.0)
	var timer := Timer.new()
	tree.root.add_child(timer)
	timer.start(1000.0)
	var waits := NebulaEngineWaitProbe.new()
	for each: Array in [
		["tween", func() -> int: return waits.tween(tween)],
		["timer", func() -> int: return waits.timer(timer)],
		["tree exit", func() -> int: return waits.exit(timer)],
	]:
		var task: int = each[1].call()
		check_equal(row_of("probe %d" % task).get("reason"), each[0])
		waits.cancel(task)
	var called := probe.call_any(self, "never")
	check_equal(row_of("probe %d" % called).get("reason"), "call")
	check("method 'never' of a " in row_of("probe %d" % called).detail, "which call")
	probe.cancel(called)
	timer.free()
	tween.kill()


func test_a_row_names_the_signal_and_the_node_that_it_is_of() -> void:
	var door := Node.new()
	door.name = "Door"
	var signals := NebulaSignalProbe.new()
	var one := signals.wait_untyped(door.renamed)
	var all := signals.stream_untyped(door.renamed, 0, false)
	signals.go_on(all)
	await settle()
	for task: int in [one, all]:
		var row := row_of("probe %d" % task)
		check_equal(row.detail, "'renamed' of Node 'Door'", row.reason)
		signals.cancel(task)
	var nameless := Node.new()
	var of_nameless := signals.wait_int(nameless.renamed)
	check_equal(row_of("probe %d" % of_nameless).detail, "'renamed' of Node")
	signals.cancel(of_nameless)
	nameless.free()
	var left := signals.wait_int(door.renamed)
	door.free()
	check_equal(row_of("probe %d" % left).detail, "'renamed' of Node", "of a freed one")
	await settle()
	check_equal(row_of("probe %d" % left), {})


func never() -> void:
	await emitter.opened


func test_the_report_names_each_waiting_task_with_its_place() -> void:
	var task := probe.task_after(emitter.fired, 1)
	var report := Nebula.waiting_tasks_report()
	check("task 'given'" in report, report)
	check("waiting" in report and "signal 'fired' of RefCounted, async_probe.cpp:" in report, report)
	task.cancel()


func test_the_debugger_has_monitors_of_tasks_and_workers() -> void:
	for id: String in [
		"nebula/tasks_alive", "nebula/tasks_resumed_per_frame", "nebula/task_pump_msec",
		"nebula/tasks_starved_frames", "nebula/worker_utilization", "nebula/pool_queue_depth"
	]:
		check(Performance.has_custom_monitor(id), id)
	var before: int = Performance.get_custom_monitor("nebula/tasks_alive")
	var task := probe.task_after(emitter.fired, 1)
	check_equal(Performance.get_custom_monitor("nebula/tasks_alive"), before + 1)
	emitter.fired.emit()
	await frames(2)
	check(Performance.get_custom_monitor("nebula/task_pump_msec") >= 0.0, "milliseconds")
	check(task.is_done(), "done")
	var owner := Node.new()
	probe.own_frames(owner)
	await frames(2)
	check(Performance.get_custom_monitor("nebula/tasks_resumed_per_frame") >= 1, "resumed")
	owner.free()
	await tree.process_frame


func test_a_budget_cuts_what_tasks_do_in_a_frame_and_the_frames_it_cut_are_counted() -> void:
	var counter := NebulaCombinationProbe.new()
	counter.count_frames(100)
	await frames(2)
	check_equal(Nebula.tasks_starved_frames(), 0, "without a budget")
	Nebula.set_task_budget_msec(0.000001)  # one turn a frame
	await frames(2)
	var counted := counter.counted()
	var starved := Nebula.tasks_starved_frames()
	await frames(5)
	check_equal(counter.counted() - counted, 5, "turns in five frames")
	check_equal(Nebula.tasks_starved_frames() - starved, 5, "frames cut in a row")
	check(Performance.get_custom_monitor("nebula/tasks_starved_frames") >= 5, "the monitor")
	for no_limit: float in [0.0, -1.0, NAN, INF]:
		Nebula.set_task_budget_msec(no_limit)
		await frames(3)
		check_equal(Nebula.tasks_starved_frames(), 0, "with a budget of %s" % no_limit)
		Nebula.set_task_budget_msec(0.000001)
		await frames(2)
	Nebula.set_task_budget_msec(0.0)
	counter.stop_counting()


func test_the_settings_are_there_to_be_changed() -> void:
	check_equal(ProjectSettings.get_setting("nebula/tasks/budget_msec"), 0.0)
	check_equal(ProjectSettings.get_setting("nebula/tasks/stuck_warning_seconds"), 0.0)
	check_equal(ProjectSettings.get_setting("nebula/tasks/report_at_exit"), false)

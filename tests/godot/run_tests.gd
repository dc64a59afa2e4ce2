# Runs every method test_... of every script FOLDER/test_*.gd, in the real engine:
#   $GODOT --headless --path tests/godot --fixed-fps 60 --script res://run_tests.gd -- FOLDER [filter]
# `filter` picks the tests whose "script.method" contains it. Start it through run.sh, which also
# writes the file that tells the engine which extension to load.
extends SceneTree

const TestSuite := preload("res://test_suite.gd")  # class_name would need an import run
const TEST_SECONDS := 30.0  # a hang guard, generous on purpose


# Counts what the engine reports as an error; a report may come from any thread.
class ErrorCounter:
	extends Logger
	var _mutex := Mutex.new()
	var _errors: PackedStringArray

	func _log_error(
		function: String, file: String, line: int, code: String, rationale: String, _editor: bool,
		type: int, _backtraces: Array[ScriptBacktrace]
	) -> void:
		if type == ERROR_TYPE_WARNING:
			return
		var text := rationale if rationale != "" else code
		_mutex.lock()
		_errors.append("%s (%s:%d in %s)" % [text, file, line, function])
		_mutex.unlock()

	func take() -> PackedStringArray:
		_mutex.lock()
		var taken := _errors.duplicate()
		_errors.clear()
		_mutex.unlock()
		return taken


var _errors := ErrorCounter.new()
var _passed := 0
var _failed := 0
var _running := ""
var _deadline_ms := 0


func _initialize() -> void:
	# What the engine prints between this line and the last is judged here; the rest is run.sh's.
	print("Running the tests")
	OS.add_logger(_errors)
	_run_all()


# A test that never returns still lets frames go by, so the guard stands here.
func _process(_delta: float) -> bool:
	if _running != "" and Time.get_ticks_msec() > _deadline_ms:
		print("FAIL %s: still running at its deadline" % _running)
		_failed += 1
		_finish()
	return false


func _run_all() -> void:
	await process_frame  # the tree is not up before the first frame
	var arguments := OS.get_cmdline_user_args()
	var folder := "res://" + arguments[0]
	var filter := "" if arguments.size() < 2 else arguments[1]
	for file in DirAccess.get_files_at(folder):
		if file.begins_with("test_") and file.ends_with(".gd"):
			await _run_script(folder.path_join(file), filter)
	_finish()


func _run_script(path: String, filter: String) -> void:
	var file := path.get_file()
	var script: GDScript = load(path)
	if script == null or not script.can_instantiate():
		print("FAIL %s: does not load: %s" % [file, ", ".join(_errors.take())])
		_failed += 1
		return
	for method in script.get_script_method_list():
		var name: String = file.get_basename() + "." + method.name
		if method.name.begins_with("test_") and (filter == "" or filter in name):
			await _run_test(script, method.name, name)


func _run_test(script: GDScript, method: String, name: String) -> void:
	var suite: TestSuite = script.new()
	suite.tree = self
	_errors.take()
	_running = name
	var seconds := TEST_SECONDS * (20 if OS.has_environment("NEBULA_LONG_TESTS") else 1)
	_deadline_ms = Time.get_ticks_msec() + int(seconds * 1000)
	await suite.call(method)
	_running = ""
	var problems := suite.failures + suite.judge_errors(_errors.take())
	if problems.is_empty():
		_passed += 1
	else:
		_failed += 1
		print("FAIL %s: %s" % [name, "; ".join(problems)])


func _finish() -> void:
	print("%d passed, %d failed" % [_passed, _failed])
	OS.remove_logger(_errors)
	quit(1 if _failed > 0 else 0)

# What a test script extends. A test is a method test_..., may await, and fails by a check that does
# not hold, by an engine error it did not announce, or by announcing one that did not come.
extends RefCounted

var tree: SceneTree
var failures: PackedStringArray
var _expected: PackedStringArray
var errors_are_judged := false  # by the test itself


func check(condition: bool, claim: String) -> void:
	if not condition:
		failures.append(claim)


func check_equal(actual: Variant, wanted: Variant, what: String = "value") -> void:
	if typeof(actual) != typeof(wanted) or actual != wanted:
		failures.append("%s: got %s, wanted %s" % [what, var_to_str(actual), var_to_str(wanted)])


# Announces one engine error whose text contains `part`.
func expect_error(part: String) -> void:
	_expected.append(part)


func judge_errors(errors: PackedStringArray) -> PackedStringArray:
	if errors_are_judged:
		return []
	var problems: PackedStringArray
	var left := _expected.duplicate()
	for error in errors:
		var match_at := -1
		for i in left.size():
			if left[i] in error:
				match_at = i
				break
		if match_at >= 0:
			left.remove_at(match_at)
		else:
			problems.append("unexpected error: " + error)
	for part in left:
		problems.append("expected error did not come: " + part)
	return problems

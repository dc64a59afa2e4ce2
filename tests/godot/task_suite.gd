# What test scripts about tasks extend: somebody who emits, and ways to let it arrive.
extends "res://test_suite.gd"


class Emitter:
	extends RefCounted
	signal fired
	signal opened
	signal hit(damage: int)
	signal picked(slot: int, item: String)
	signal found(what: Variant)
	signal loose


func frames(count: int) -> void:
	for i in count:
		await tree.process_frame


# After this, whatever was emitted or freed before has resumed who waited for it.
func settle() -> void:
	await frames(2)


func connections(of: Object) -> int:
	var count := 0
	for each in of.get_signal_list():
		count += of.get_signal_connection_list(each.name).size()
	return count


# Emits on a thread of its own and returns when that has ended.
func emit_elsewhere(which: Signal, arguments: Array = []) -> void:
	var thread := Thread.new()
	thread.start(
		func() -> void: which.get_object().callv("emit_signal", [which.get_name()] + arguments)
	)
	thread.wait_to_finish()

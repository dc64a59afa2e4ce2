# The terrain is the add-on's, its world and the meteors are the extension's.
extends Node3D


func _ready() -> void:
	var craters: Variant = await $Shower.fall($Terrain, 5)
	print("%s craters" % craters)
	if "--once" in OS.get_cmdline_user_args():
		get_tree().quit()

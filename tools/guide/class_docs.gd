extends SceneTree
# Writes the class docs of the add-on, which are in the library, as XML files into the folder that the
# command line names. Run with the project tests/godot, whose probe library can print them.


func _init() -> void:
	var arguments := OS.get_cmdline_user_args()
	if not Engine.has_singleton(&"NebulaProbe"):
		printerr("nebula: the library with the class docs is not loaded")
		quit(1)
		return
	var probe := Engine.get_singleton(&"NebulaProbe")
	for name in arguments.slice(1):
		var text: String = probe.docs_of(name)
		if text.is_empty():
			printerr("nebula: there are no class docs for %s" % name)
			quit(1)
			return
		FileAccess.open(arguments[0].path_join(name + ".xml"), FileAccess.WRITE).store_string(text)
	quit(0)

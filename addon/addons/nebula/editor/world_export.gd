# Puts the project's worlds into exported games. They are no resources, so the engine leaves them out.
@tool
extends EditorExportPlugin


func _get_name() -> String:
	return "Nebula"


func _export_begin(_features: PackedStringArray, _debug: bool, _path: String, _flags: int) -> void:
	_add_worlds("res://")


func _add_worlds(folder: String) -> void:
	for file in DirAccess.get_files_at(folder):
		# What is beside a world are saves that were not moved into it yet.
		if file.ends_with(".nebula") or file.ends_with(".nebula-wal"):
			var path := folder.path_join(file)
			var bytes := FileAccess.get_file_as_bytes(path)
			if not bytes.is_empty():
				add_file(path, bytes, false)
	for sub in DirAccess.get_directories_at(folder):
		# As the engine does: hidden folders, and those that are no part of the project.
		var path := folder.path_join(sub)
		if not sub.begins_with(".") and not FileAccess.file_exists(path.path_join(".gdignore")):
			_add_worlds(path)

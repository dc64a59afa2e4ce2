# The add-on in the editor: a panel and a brush for the selected VoxelTerrain, worlds that are saved with
# their scenes, and starting worlds in exported games. The extension brings the plugin that has this
# script, so nobody enables it (nebula/godot/editor/README.md).
@tool
extends EditorPlugin

const GeneratorPreview := preload("generator_preview.gd")
const MaterialPreview := preload("material_preview.gd")
const SculptBrush := preload("sculpt_brush.gd")
const SculptPanel := preload("sculpt_panel.gd")
const WorldExport := preload("world_export.gd")

var _brush: SculptBrush
var _panel: SculptPanel
var _world_export: WorldExport
var _previews: Array[EditorResourcePreviewGenerator] = []


func _enter_tree() -> void:
	_brush = SculptBrush.new(self)
	_brush.changed.connect(update_overlays)
	_panel = SculptPanel.new(_brush, self)
	_panel.hide()
	add_control_to_container(CONTAINER_SPATIAL_EDITOR_SIDE_LEFT, _panel)
	_world_export = WorldExport.new()
	add_export_plugin(_world_export)
	_previews = [GeneratorPreview.new(), MaterialPreview.new()]
	for preview in _previews:
		EditorInterface.get_resource_previewer().add_preview_generator(preview)
	scene_saved.connect(_on_scene_saved)
	set_process(false)


func _exit_tree() -> void:
	_brush.terrain = null
	remove_control_from_container(CONTAINER_SPATIAL_EDITOR_SIDE_LEFT, _panel)
	_panel.queue_free()
	remove_export_plugin(_world_export)
	for preview in _previews:
		EditorInterface.get_resource_previewer().remove_preview_generator(preview)


func _get_plugin_name() -> String:
	return "Nebula"


func _handles(object: Object) -> bool:
	return object is VoxelTerrain


func _edit(object: Object) -> void:
	_brush.terrain = object as VoxelTerrain
	_panel.terrain = object as VoxelTerrain


func _make_visible(visible: bool) -> void:
	_panel.visible = visible
	set_process(visible)
	if not visible:
		_brush.end_stroke()


func _process(delta: float) -> void:
	_brush.advance(delta)


func _forward_3d_gui_input(camera: Camera3D, event: InputEvent) -> int:
	return AFTER_GUI_INPUT_STOP if _brush.input(camera, event) else AFTER_GUI_INPUT_PASS


func _forward_3d_draw_over_viewport(overlay: Control) -> void:
	_brush.draw(overlay)


func _on_scene_saved(path: String) -> void:
	# Under a new name, it is the one that is shown, which still has its old name.
	var root := EditorInterface.get_edited_scene_root()
	if root != null and not EditorInterface.get_open_scenes().has(path):
		path = root.scene_file_path
	call(&"save_scene", path)


# What the editor asks about before it closes a scene or itself. It asks for a scene whose history has
# strokes, too; but a save that failed leaves a history that is saved, and a world that is not.
func _get_unsaved_status(for_scene: String) -> String:
	var names := PackedStringArray()
	if not for_scene.is_empty():
		names = call(&"unsaved_in_scene", for_scene)
	return "" if names.is_empty() else "Strokes that are not saved, in the world of: " + ", ".join(names)


# Before a scene is played: the game reads the files.
func _build() -> bool:
	_brush.end_stroke()
	call(&"finish_edits")
	return true

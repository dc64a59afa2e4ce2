# Another extension has VoxelTerrain and VoxelGenerator already: these and the children of the latter
# are left out, each with one sentence, and the rest works.
# says: ^ERROR: Nebula's class VoxelTerrain is left out: another extension, or the engine itself, already has a class of that name\. To use Nebula's, remove the other extension from the project\. The rest of Nebula works\.$
# says: ^ERROR: Nebula's class VoxelGenerator is left out: another extension, or the engine itself, already has a class of that name\. To use Nebula's, remove the other extension from the project\. The rest of Nebula works\.$
# says: ^ERROR: Nebula's class VoxelNoiseGenerator is left out, because its parent VoxelGenerator is\.$
# says: ^ERROR: Nebula's class VoxelFlatGenerator is left out, because its parent VoxelGenerator is\.$
# says: ^ERROR: Nebula's class VoxelNativeGenerator is left out, because its parent VoxelGenerator is\.$
extends SceneTree

const OURS := "res://one.gdextension"
const THEIRS := "res://foreign.gdextension"


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	works()
	check(ClassDB.get_parent_class("VoxelTerrain") == "Node3D", "their terrain is there")
	var theirs: Node = ClassDB.instantiate("VoxelTerrain")
	check(not theirs.has_method("dig_sphere"), "and it is theirs")
	root.add_child(theirs)
	await process_frame
	theirs.free()
	check(GDExtensionManager.unload_extension(OURS) == 0, "we go")
	check(ClassDB.class_exists("VoxelTerrain"), "and leave their class")
	check(GDExtensionManager.load_extension(OURS) == 0, "we come back")
	await process_frame
	works()
	print("crowded: passed")
	quit()


func works() -> void:
	check(Engine.get_singleton("Nebula").worker_count() > 0, "the singleton")
	check(Performance.has_custom_monitor("nebula/tasks_alive"), "a monitor")
	check(ClassDB.instantiate("NebulaTask").is_done(), "another class of ours")


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: does not hold: ", claim)

# The first terrain of a game, in an engine of its own: adding it to the tree starts no thread and
# waits for nothing. It once started the pool there, which blocked the main thread for 5 to 20 ms in
# a registration with the kernel. Then it read /proc/self/maps there, to learn how deep the main
# thread's stack is, which took 1.2 ms.
extends "res://probed_tree.gd"

const FRAMES_FOR_THE_POOL := 600


func _run() -> void:
	for i in FRAMES_FOR_THE_POOL:  # it starts in the background
		if worker_threads() >= Nebula.worker_count():
			break
		await process_frame
	check(worker_threads() == Nebula.worker_count(), "the pool runs before any terrain")
	for i in 30:
		await process_frame
	configure_pool()
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelNoiseGenerator.new()
	terrain.view_distance = 448.0
	var threads := DirAccess.get_directories_at("/proc/self/task").size()
	var own_reads := -main_thread_reads() + main_thread_reads()
	var waits := main_thread_waits()
	var page_reads := main_thread_page_reads()
	check(waits > 0 and own_reads > 0, "the kernel counts waits and reads")
	var reads := main_thread_reads()
	root.add_child(terrain)
	reads = main_thread_reads() - reads - own_reads
	check(reads == 0, "%d reads of files by the main thread" % reads)
	waits = main_thread_waits() - waits
	# A part of the library that is needed for the first time may have to come from the disk.
	page_reads = main_thread_page_reads() - page_reads
	check(waits <= page_reads, "%d waits of the main thread, %d of them for the disk" % [waits, page_reads])
	if not pool_changes():
		check(DirAccess.get_directories_at("/proc/self/task").size() == threads, "it starts no thread")
	check(await terrain.wait_loaded(), "it loads")
	check(Nebula.worker_stats().size() == Nebula.worker_count(), "with as many workers as it should")
	terrain.free()
	await process_frame
	await process_frame
	quit()


# For first_terrain_of_a_new_pool.gd.
func configure_pool() -> void:
	pass


func pool_changes() -> bool:
	return false


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: ", claim)


func worker_threads() -> int:
	var count := 0
	for id in DirAccess.get_directories_at("/proc/self/task"):
		if read("/proc/self/task/%s/comm" % id).begins_with("nebula-worker"):
			count += 1
	return count


# How often the kernel put the main thread to sleep because it waited for something.
func main_thread_waits() -> int:
	for line in read("/proc/self/status").split("\n"):
		if line.begins_with("voluntary_ctxt_switches:"):
			return line.get_slice(":", 1).to_int()
	return -1


# How often it had to wait for a page of a file that is mapped into memory.
func main_thread_page_reads() -> int:
	return read("/proc/self/task/%d/stat" % OS.get_process_id()).get_slice(") ", 1).get_slice(" ", 9).to_int()


# How often it has read from a file.
func main_thread_reads() -> int:
	for line in read("/proc/self/task/%d/io" % OS.get_process_id()).split("\n"):
		if line.begins_with("syscr:"):
			return line.get_slice(":", 1).to_int()
	return -1


# A file of /proc has no length that the engine could read up to.
func read(path: String) -> String:
	var file := FileAccess.open(path, FileAccess.READ)
	return file.get_buffer(8192).get_string_from_utf8() if file != null else ""

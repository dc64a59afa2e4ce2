# As first_terrain.gd, when a script has just set the number of workers again and again: the last count
# is the pool's, and the terrain starts when that pool runs. The pools once started and ended one
# after the other, and the main thread waited for all of them: 300 calls cost three seconds.
extends "res://alone/first_terrain.gd"


func configure_pool() -> void:
	for i in 64:
		check(Nebula.set_thread_count(4 + i % 60) == "", "the count is taken")
	check(Nebula.set_thread_count(3) == "", "the last count is taken")


func pool_changes() -> bool:
	return true

extends Node3D

@onready var door: Door = $Door


func _ready() -> void:
	door.watch()
	await get_tree().create_timer(0.5).timeout
	door.knock(500)
	print("knocked; a worker counts, and the game goes on")
	var primes: int = await door.opened
	print("the door opened after %d primes" % primes)
	get_tree().quit()

extends RefCounted
## How much of each material the player carries, in cubic metres, and with which one they build.

const Ground := preload("res://dig/ground.gd")
## What a new player has of each.
const START := 30.0

## A number of the terrain's VoxelMaterialLibrary.
var chosen := 0

var _volumes: Dictionary[int, float] = {}


func _init() -> void:
	for material in Ground.MATERIALS.size():
		_volumes[material] = START


func volume(material: int) -> float:
	return _volumes.get(material, 0.0)


func put(material: int, cubic_metres: float) -> void:
	_volumes[material] = maxf(volume(material) + cubic_metres, 0.0)


## Of all materials together.
func total() -> float:
	return _volumes.values().reduce(func(sum: float, volume: float) -> float: return sum + volume, 0.0)


## For a save.
func to_dictionary() -> Dictionary:
	return {"chosen": chosen, "volumes": _volumes}


func from_dictionary(saved: Dictionary) -> void:
	chosen = saved.get("chosen", 0)
	_volumes.assign(saved.get("volumes", {}))

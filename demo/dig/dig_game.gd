extends Node3D
## The digging game: puts its parts together and waits for the world. Each part is a script of its own:
## digger.gd walks, brush_tool.gd digs and builds, falling_ground.gd lets fall what hangs on nothing,
## thrower.gd throws, world_file.gd saves; hud.gd, material_bar.gd and height_map.gd show.

const Digger := preload("res://dig/digger.gd")
const BrushTool := preload("res://dig/brush_tool.gd")
const FallingGround := preload("res://dig/falling_ground.gd")
const Thrower := preload("res://dig/thrower.gd")
const WorldFile := preload("res://dig/world_file.gd")
const Ground := preload("res://dig/ground.gd")
const Hud := preload("res://dig/hud.gd")
const START := Vector2(8, 30)

@onready var terrain: VoxelTerrain = $Terrain
@onready var player: Digger = $Player
@onready var tool: BrushTool = $BrushTool
@onready var falling: FallingGround = $FallingGround
@onready var thrower: Thrower = $Thrower
@onready var file: WorldFile = $WorldFile
@onready var hud: Hud = $Hud


## Before the terrain enters the tree, so that it begins with them.
func _enter_tree() -> void:
	$Terrain.material_library = Ground.library()
	$WorldFile.open()


func _ready() -> void:
	hud.tool = tool
	hud.materials.tool = tool
	hud.map.terrain = terrain
	hud.map.player = player
	tool.said.connect(hud.say)
	file.said.connect(hud.say)
	file.going_back.connect(thrower.clear)
	file.going_back.connect(falling.clear)
	falling.said.connect(hud.say)
	begin()


## Returns when the player stands in the world.
func begin() -> void:
	hud.say("Loading ...")
	player.stand_at(_start())
	await terrain.wait_loaded()
	if not file.load_player():
		player.stand_at(_start())
	player.waits = false
	hud.say(file.problem if file.problem else "Dig, build, throw things. H hides the help.")


func _start() -> Vector3:
	return Vector3(START.x, terrain.ground_height(START.x, START.y) + 0.5, START.y)

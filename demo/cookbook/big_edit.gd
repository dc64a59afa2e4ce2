extends "res://cookbook/stage/recipe.gd"
## An edit of a hundred metres and more: workers make it while the game goes on, and then all of it
## appears at once. Until then it can be cancelled, and nothing has changed.

const QUARRY := Vector3(0, 0, -190)

var _digging: NebulaTask
var _bar := ProgressBar.new()


func prepare() -> void:
	_bar.position = Vector2(24, 110)
	_bar.size = Vector2(360, 24)
	_bar.max_value = 1.0
	_bar.visible = false
	$Screen.add_child(_bar)
	await super()
	look_from(ground_at(0, 0) + Vector3(0, 90, 60), QUARRY)


func perform() -> void:
	dig_quarry(180.0)
	while _digging.progress == 0.0:
		await get_tree().process_frame
	_digging.cancel()  # the ground is as it was
	await dig_quarry(90.0)


func _unhandled_key_input(event: InputEvent) -> void:
	if not event.is_pressed() or event.is_echo():
		return
	if event.keycode == KEY_Q and (_digging == null or _digging.is_done()):
		dig_quarry(180.0)
	elif event.keycode == KEY_C and _digging != null:
		_digging.cancel()


func dig_quarry(radius: float) -> void:
	var digging := NebulaTask.of(terrain.dig_sphere_async(QUARRY, radius))
	_digging = digging
	_bar.show()
	while digging.is_pending():
		_bar.value = digging.progress
		await get_tree().process_frame
	_bar.hide()
	match digging.result:
		OK:
			say("The quarry is there: %d cubic metres." % digging.details["removed"])
		ERR_SKIP:
			say("Cancelled: the ground is as it was.")

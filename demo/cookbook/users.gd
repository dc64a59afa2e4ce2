extends "res://cookbook/stage/recipe.gd"
## A history for each user. In a multiplayer game the number is the peer's id, and the server makes the
## edits of all of them.

const FIRST := 1
const SECOND := 2
const APART := 28.0  # ground that both have edited can be undone by the later one only

var _built := {FIRST: 0, SECOND: 0}


func prepare() -> void:
	terrain.undo_limit_mb = 64.0
	await super()
	look_from(ground_at(0, 0) + Vector3(0, 14, 42), ground_at(0, 0) + Vector3.UP * 3)
	for i in 4:  # in turns
		_build(FIRST)
		_build(SECOND)


func perform() -> void:
	_undo(FIRST)
	_undo(FIRST)
	_undo(SECOND)
	say("Each has built four. The first has undone two, the second one.")


func _unhandled_key_input(event: InputEvent) -> void:
	if not event.is_pressed() or event.is_echo():
		return
	if event.keycode == KEY_Z:
		_undo(FIRST)
	elif event.keycode == KEY_X:
		_undo(SECOND)


## A stroke of several edits, under the user's number.
func _build(user: int) -> void:
	var i: int = _built[user]
	_built[user] += 1
	var foot := ground_at(APART * (-1 if user == FIRST else 1) + 6.0 * (i - 1.5), 0)
	terrain.begin_stroke(user)
	if user == FIRST:
		terrain.add_cone(foot + Vector3.DOWN, foot + Vector3.UP * 8, 2.0, 0.6)
		terrain.add_sphere(foot + Vector3.UP * 9, 1.6)
	else:
		terrain.add_box(foot + Vector3.UP * 2, Vector3(3.5, 6, 3.5))
		terrain.add_box(foot + Vector3.UP * 6, Vector3(4.5, 2, 4.5))
	terrain.end_stroke()


func _undo(user: int) -> void:
	match terrain.undo(user):
		OK:
			say("User %d has undone a stroke." % user)
		ERR_DOES_NOT_EXIST:
			say("User %d has nothing to undo." % user)
		ERR_BUSY:
			say("The other user has edited the same ground since.")

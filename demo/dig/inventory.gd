extends RefCounted
## How much of the ground the player carries, in cubic metres.

signal changed

var stone := 60.0:
	set(value):
		stone = maxf(value, 0.0)
		changed.emit()

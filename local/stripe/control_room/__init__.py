"""The control room, /_sim: a page and JSON commands that make the stand-in misbehave."""

"""/_sim: commands that make the stand-in misbehave, as JSON and as a page."""

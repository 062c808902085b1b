"""Stations: where they are, what each does, when it is open, which is near. Floor 3."""

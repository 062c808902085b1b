"""Stations: where they are, what each has taken on, when it is open, which is near. Floor 3: uses common, catalogue, maps."""

"""A platform to try against: what the province's would check, answer, lose and delay. A process of its own; no room.

It imports nothing of the house but its settings: what it finds right was not judged by the code that made it.
"""

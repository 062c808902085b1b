"""The catalogue room, floor 2: categories, items, materials, regional differences, policy answers; in versions."""

"""The maps room, floor 2: places, datums, distances, reach. It knows no station."""

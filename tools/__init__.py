"""Behind `make`: set-up, start, a phone's HTTPS. Outside the rooms: nothing of the application may import it."""

"""Measurements against the budgets of docs/ (`make bench`). Outside the rooms: nothing of the application imports it."""

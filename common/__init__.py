"""What every room stands on: database, pages, forms, clock, working days. Floor 0: imports no other room."""

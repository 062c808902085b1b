"""Where things are, how far, how long, and how to get there. Floor 2: may use `common`, knows no station and no item."""

"""The finder page once more, in Django: what the ratio in the table is against. Measured only, never shipped.

Meant to be good Django 5.2: no debug, cached templates, a connection per thread, only the columns needed, the same index,
the same number of rows, the same brotli. Sums about hours, distances and links are our own pure functions, and so is the
loading of reference data, kept per edition as ours: what differs is routing, forms, ORM, templates and middleware.
benchmarks/finder.py checks that both pages say the same, letter for letter.
"""

"""The commands that made the weights in `common/weights`, one module each.

    python -m aiedge.recipes.cars       the car classifier

Each trains on the real data sets, shows its progress, goes on where an interrupted run stopped, writes the weights and
renews the table of their test in `common/weights/README.md`.
"""

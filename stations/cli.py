"""flask stations … (being written)"""

from flask.cli import AppGroup

stations_cli = AppGroup("stations", help="Bring in, check and export stations.")

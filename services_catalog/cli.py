"""flask catalogue … (being written)"""

from flask.cli import AppGroup

catalogue_cli = AppGroup("catalogue", help="Bring in, switch and compare catalogues.")

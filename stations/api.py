"""Pages of the room. (being written)"""

from flask import Blueprint

bp = Blueprint("stations_api", __name__)

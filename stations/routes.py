"""Pages of the room. (being written)"""

from flask import Blueprint

bp = Blueprint("stations", __name__)

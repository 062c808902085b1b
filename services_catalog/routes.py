"""Pages of the room. (being written)"""

from flask import Blueprint

bp = Blueprint("services_catalog", __name__)

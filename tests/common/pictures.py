"""Photos as phones send them, made on the spot."""

import io
from typing import Any

from PIL import Image


def photo(width: int = 800, height: int = 600, *, kind: str = "JPEG", noise: bool = False, **saved: Any) -> bytes:
    """A picture file of that size and kind: half red, half blue; with noise it hardly compresses."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    picture.paste((30, 30, 200), (width // 2, 0, width, height))
    if noise:
        picture = Image.blend(picture, Image.effect_noise((width, height), 90).convert("RGB"), 0.6)
    out = io.BytesIO()
    picture.save(out, kind, **saved)
    return out.getvalue()

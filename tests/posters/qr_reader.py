"""Reads a clean QR code, by the standard (ISO/IEC 18004) and not by the library that wrote it: format, mask, path, blocks.

Enough for what we print: byte or alphanumeric text, versions 2 to 9, level M, not a module wrong.
"""

LEVEL_M = {  # version: (check bytes of a block, data bytes of each block)
    2: (16, [28]),
    3: (26, [44]),
    4: (18, [32, 32]),
    5: (24, [43, 43]),
    6: (16, [27] * 4),
    7: (18, [31] * 4),
    8: (22, [38, 38, 39, 39]),
    9: (22, [36, 36, 36, 37, 37]),
}
MIDDLES = {2: (6, 18), 3: (6, 22), 4: (6, 26), 5: (6, 30), 6: (6, 34), 7: (6, 22, 38), 8: (6, 24, 42), 9: (6, 26, 46)}
MASKS = [
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
]
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def read(dark: list[list[bool]]) -> str:
    """The text in a square of modules, True for dark, without the white around."""
    size = len(dark)
    version = (size - 17) // 4
    written = 0
    for x in (0, 1, 2, 3, 4, 5, 7, 8):  # the format, beside the top left finder
        written = written << 1 | dark[8][x]
    for y in (7, 5, 4, 3, 2, 1, 0):
        written = written << 1 | dark[y][8]
    format_ = (written ^ 0b101010000010010) >> 10
    assert format_ >> 3 == 0, "level M"
    masked = MASKS[format_ & 7]
    bits = "".join(str(int(dark[y][x] ^ masked(y, x))) for y, x in _path(size, version))
    codewords = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
    return _text(_data(codewords, version), version)


def _path(size: int, version: int):
    """Where data stands, in reading order: up and down in columns of two, from the right, round what is fixed."""
    fixed = set()
    for top, left in ((0, 0), (0, size - 8), (size - 8, 0)):
        fixed |= {(top + y, left + x) for y in range(8 + (top == 0)) for x in range(8 + (left == 0))}
    fixed |= {(8, x) for x in range(size - 8, size)} | {(y, 8) for y in range(size - 8, size)}
    fixed |= {(6, n) for n in range(size)} | {(n, 6) for n in range(size)}
    for row in MIDDLES[version]:
        for column in MIDDLES[version]:
            if (row, column) not in {(6, 6), (6, size - 7), (size - 7, 6)}:
                fixed |= {(row + y, column + x) for y in range(-2, 3) for x in range(-2, 3)}
    if version >= 7:
        corner = {(y, x) for y in range(6) for x in range(size - 11, size - 8)}
        fixed |= corner | {(x, y) for y, x in corner}
    up = True
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        for y in range(size - 1, -1, -1) if up else range(size):
            yield from ((y, x) for x in (right, right - 1) if (y, x) not in fixed)
        up = not up


def _data(codewords: list[int], version: int) -> list[int]:
    _check, lengths = LEVEL_M[version]
    blocks: list[list[int]] = [[] for _ in lengths]
    stream = iter(codewords)
    for place in range(max(lengths)):
        for block, length in zip(blocks, lengths, strict=True):
            if place < length:
                block.append(next(stream))
    return [byte for block in blocks for byte in block]


def _text(data: list[int], version: int) -> str:
    bits, at = "".join(f"{byte:08b}" for byte in data), 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return int(bits[at - count : at], 2)

    text = ""
    while len(bits) - at >= 4 and (mode := take(4)):
        if mode == 4:
            text += bytes(take(8) for _ in range(take(8))).decode()
        else:
            assert mode == 2, "bytes or alphanumeric"
            count = take(9)
            for _ in range(count // 2):
                pair = take(11)
                text += ALPHANUMERIC[pair // 45] + ALPHANUMERIC[pair % 45]
            text += ALPHANUMERIC[take(6)] if count % 2 else ""
    return text

"""The drawing of a digit and its image, in JavaScript."""

from urllib.parse import quote

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from node import javascript


def bits(rows):
    return np.array([[row >> (31 - x) & 1 for x in range(32)] for row in rows])


def rows_of(pixels):
    return [int("".join(map(str, row)), 2) for row in pixels.astype(int)]


def test_each_block_counts_its_pixels():
    rng = np.random.default_rng(0)
    pixels = rng.random((32, 32)) < 0.4
    found = javascript("pooled(given.rows)", rows=rows_of(pixels))
    expected = pixels.reshape(8, 4, 8, 4).sum(axis=(1, 3)) / 16
    assert found == expected.flatten().tolist()


KNOWN = [
    ([], {}),
    ([(0, 0)], {(0, 0): 1}),
    ([(31, 31)], {(7, 7): 1}),
    ([(31, 0)], {(0, 7): 1}),
    ([(x, 5) for x in range(32)], {(1, n): 4 for n in range(8)}),
    ([(14, y) for y in range(32)], {(n, 3): 4 for n in range(8)}),
    (
        [(x, y) for x in range(32) for y in range(32)],
        {(m, n): 16 for m in range(8) for n in range(8)},
    ),
]


def test_pooled_images_of_known_drawings():
    grids = np.zeros((len(KNOWN), 32, 32), int)
    for grid, (pixels, _) in zip(grids, KNOWN, strict=True):
        for x, y in pixels:
            grid[y, x] = 1
    found = javascript("given.all.map(pooled)", all=[rows_of(grid) for grid in grids])
    for image, (_, counts) in zip(found, KNOWN, strict=True):
        expected = np.zeros((8, 8))
        for (row, column), count in counts.items():
            expected[row, column] = count / 16
        assert image == expected.flatten().tolist()


def test_a_pen_of_four_pixels_sets_what_it_touches():
    ways = ("[16, 16], [16, 16]", "[4, 16], [28, 16]", "[9.3, 30], [20, 3.7]")
    drawn = ", ".join(f"penned(emptied(), {way})" for way in ways)
    dot, line, steep = map(bits, javascript(f"[{drawn}]"))
    assert dot.sum() == 12  # 4 x 4 without its corners
    assert dot[14:18, 14:18].sum() == 12
    assert line[14:18, 4:28].all()
    assert line.sum() == 4 * 24 + 12  # two half dots at the ends
    y, x = np.mgrid[0:32, 0:32] + 0.5
    way = np.array([20 - 9.3, 3.7 - 30])
    place = np.stack([x - 9.3, y - 30], axis=-1)
    share = np.clip(place @ way / (way @ way), 0, 1)[..., None]
    away = np.linalg.norm(place - share * way, axis=-1)
    assert (steep == (away <= 2)).all()


def test_a_stroke_leaves_what_is_there_and_ends_at_the_edge():
    rows = [0] * 31 + [2**32 - 1]
    found = bits(javascript("penned(given.rows, [-9, 1], [40, 1])", rows=rows))
    assert found[:3].all()
    assert found[31].all()
    assert not found[3:31].any()
    far = "penned(given.rows, [NaN, NaN], [Infinity, 3])"
    assert javascript(far, rows=rows) == rows
    assert javascript("penned(given.rows, [99, 99], [120, 99])", rows=rows) == rows


NO_DRAWINGS = [
    None,
    "x" * 32,
    [1] * 31,
    [1] * 33,
    [1] * 31 + [2**32],
    [1] * 31 + [-1],
    [1] * 31 + [0.5],
    [1] * 31 + ["1"],
    [1] * 31 + [None],
    {"length": 32},
]


def test_what_is_no_drawing_is_an_empty_one():
    found = javascript("given.values.map(rowsOf)", values=NO_DRAWINGS)
    assert found == [[0] * 32] * len(NO_DRAWINGS)


def test_a_drawing_stays_as_it_is():
    rows = [2**32 - 1 - n for n in range(32)]
    assert javascript("rowsOf(given.rows)", rows=rows) == rows


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=32, max_size=32))
def test_a_drawing_comes_back_from_the_text_of_an_address(rows):
    text, found = javascript(
        "((text) => [text, rowsRead(text)])(rowsWritten(given.rows))", rows=rows
    )
    assert found == rows
    assert quote(text) == text


def test_what_is_no_text_of_a_drawing_is_none():
    zeros = "-".join("0" * 32)
    texts = ["", "0", zeros[:-2], zeros + "-0", zeros[:-1], zeros[:-1] + "A"]
    highest = zeros[:-1] + "1z141z3"
    highest = zeros[:-1] + "1z141z3"
    texts += [zeros[:-1] + "1z141z4", zeros[:-1] + "zzzzzzzz", "-" * 31, zeros + "\n"]
    found = javascript("given.texts.map(rowsRead)", texts=[*texts, highest])
    assert found == [None] * len(texts) + [[0] * 31 + [2**32 - 1]]

"""Tables for the tests of spikereg.frames, their parts in a loop, and refusals."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from spikereg import from_frame

INPUTS, OUTPUTS = ["row", "noise"], ["y"]


def table(rows=60, groups=1, missing=0.0, unknown=0.0, gaps=0.0, seed=0):
    """Make series, mixed at random: each row's number is an input, and its answer."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"group": draw.integers(groups, size=rows)})
    frame["time"] = 1.0 + 4 * (draw.random(rows) < gaps)  # since the row before
    frame["time"] = frame.groupby("group")["time"].cumsum()
    frame["row"] = np.arange(rows, dtype=float)
    frame["noise"] = draw.normal(size=rows)
    frame["y"] = 10 * frame["row"]
    frame.loc[draw.random(rows) < missing, "noise"] = np.nan
    frame.loc[draw.random(rows) < unknown, "y"] = np.nan
    return frame


def count_of(size, rows):
    return int(size) if size >= 1 else max(1, round(size * rows))


def parts_by_time(frame, validation, test):
    """Say in a loop which part each row belongs to."""
    part = {}
    for _, series in frame.groupby("group"):
        n = len(series)
        tested = n - count_of(test, n)
        chosen = tested - count_of(validation, n)
        for place, row in enumerate(series.index):
            part[row] = ["train", "validation", "test"][
                (place >= chosen) + (place >= tested)
            ]
    return part


def answers_of(frame, horizon, warm_up, gap=1.5):
    """Say in a loop which rows are answered at all, and from which row."""
    found = {}
    for _, series in frame.groupby("group"):
        rows = list(series.index)
        follows = np.diff(series["time"], prepend=-np.inf) <= gap
        seen = series[INPUTS].notna().all(axis=1).to_numpy()
        known = series["y"].notna().to_numpy()
        for place, row in enumerate(rows):
            ahead = place + horizon
            if ahead >= len(rows) or not follows[place + 1 : ahead + 1].all():
                continue
            first = place - warm_up
            if first < 0 or not follows[first + 1 : place + 1].all():
                continue
            if known[ahead] and seen[first : place + 1].all():
                found[rows[ahead]] = row
    return found


def windows_of(data, part):
    """Read the windows of a part back: lists of (row, row answered or None)."""
    windows = []
    for features, labels, mask in getattr(data, part):
        there = (features != 0).any(dim=1).tolist()  # padding is 0 in all columns
        rows = data.columns.inputs.inverse(features)[:, 0].round().long().tolist()
        answers = data.columns.outputs.inverse(labels)[:, 0] / 10
        window = [
            (row, round(answer) if counts else None)
            for row, answer, counts in zip(
                rows, answers.tolist(), mask.tolist(), strict=True
            )
        ]
        length = max(n for n, is_row in enumerate(there) if is_row) + 1
        assert not mask[length:].any()
        windows.append(window[:length])
    return windows


class Copy(nn.Module):
    """Answers with some of its inputs, as they are."""

    def __init__(self, *columns):
        super().__init__()
        self.columns = list(columns)
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, features):
        return features[..., self.columns] * self.weight


def refused(data, message, kind=ValueError, inputs="x", outputs="y", **names):
    with pytest.raises(kind, match=message) as raised:
        from_frame(data, inputs, outputs, **names)
    assert raised.type is kind
    assert "\n" not in str(raised.value)

"""Scale, loaders, predictions and report of a table's parts."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from tables import INPUTS, Copy, table, windows_of

import spikereg
from spikereg import from_frame
from spikereg.baselines import Recurrent, TapFilter
from spikereg.frames import Scaler

PARTS = ("train", "validation", "test")


def rough(rows=90, **options):
    """Make a table with gaps and missing values, and its data sets."""
    frame = table(rows, groups=2, missing=0.03, unknown=0.2, gaps=0.04, **options)
    frame["y"] += frame["noise"].fillna(0)
    frame.index = 1000 - 7 * frame.index
    return frame


def made(frame, **settings):
    settings = {"window": 5, "warm_up": 2, "time": "time", "group": "group"} | settings
    return from_frame(frame, INPUTS, settings.pop("outputs", "y"), **settings)


# Scale


@given(
    st.lists(st.floats(-1e100, 1e100), min_size=2, max_size=9, unique=True),
    st.floats(-3, 3),
)
def test_scale_and_inverse_undo_each_other(values, z):
    column = np.array(values)[:, None]
    if column.std() <= 1e-6 * abs(column.mean()):
        return
    scaler = Scaler.of(column, ["x"])
    back = scaler.inverse(scaler.scale(torch.from_numpy(column)))
    error = (back.numpy() - column) / scaler.deviation.numpy()
    assert abs(error).max() <= 1e-6 * len(values) ** 0.5
    assert back.dtype == torch.float64
    again = scaler.scale(scaler.inverse(torch.tensor([[z]]))).item()
    assert again == pytest.approx(z, abs=1e-6)


def test_the_scale_is_that_of_the_rows_that_training_sees():
    frame = rough()
    data = made(frame, horizon=2)
    windows = windows_of(data, "train")
    seen = sorted({row for window in windows for row, _ in window})
    known = [a for window in windows for _, a in window if a is not None]
    for scaler, values in (
        (data.columns.inputs, frame[INPUTS].to_numpy()[seen]),
        (data.columns.outputs, frame[["y"]].to_numpy()[known]),
    ):
        np.testing.assert_allclose(scaler.mean, values.mean(axis=0))
        np.testing.assert_allclose(scaler.deviation, values.std(axis=0))


def test_what_a_network_is_given_is_scaled_and_finite():
    data = made(rough(), horizon=1)
    for part in PARTS:
        each = getattr(data, part)
        assert each.features.dtype == each.labels.dtype == torch.float32
        assert each.features.isfinite().all()
        assert (each.labels[~each.mask] == 0).all()
    labels = data.train.labels[data.train.mask].double()
    assert labels.mean().item() == pytest.approx(0, abs=1e-6)
    assert labels.std(correction=0).item() == pytest.approx(1)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7])
def test_a_column_that_does_not_change_in_training_is_named(value):
    for column in ("noise", "y"):
        frame = table(60)
        frame.loc[:40, column] = value
        with pytest.raises(ValueError, match=f"column '{column}' must change in the "):
            made(frame)


@pytest.mark.parametrize("column", ["noise", "y"])
def test_a_value_that_is_out_of_reach_of_the_scale_is_named(column):
    frame = table(60)
    frame.loc[57, column] = -1e60
    with pytest.raises(
        ValueError, match=f"'{column}' must lie .*at -1e[+]60 in row 58"
    ):
        made(frame)


# Predictions


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("horizon", [0, 3])
def test_predictions_are_the_rows_answered_in_the_order_of_the_table(part, horizon):
    frame = rough()
    data = made(frame, horizon=horizon)
    told = data.predictions(Copy(0), part)
    rows = np.sort(data.rows[part])
    expected = frame.iloc[rows][["time", "group", "y"]]
    pd.testing.assert_frame_equal(told[["time", "group", "y"]], expected)
    # The model answers z_y = z_row of the row that lies horizon steps before
    before = frame.groupby("group")["row"].shift(horizon).to_numpy()[rows]
    ours, theirs = data.columns.inputs, data.columns.outputs
    z = (before - ours.mean[0].item()) / ours.deviation[0].item()
    answer = z * theirs.deviation.item() + theirs.mean.item()
    np.testing.assert_allclose(told["y, predicted"], answer, rtol=1e-5)


@pytest.mark.parametrize("horizon", [0, 2])
def test_another_table_is_answered_as_the_test_was(horizon):
    """With no more memory than the warm-up, where a window begins does not matter."""
    frame = rough()
    data = made(frame, horizon=horizon)
    model = TapFilter(3, num_inputs=2, seed=0)
    told = data.columns.predict(model, frame.drop(columns="y"))
    answer = f"y, {horizon} later" if horizon else "y"
    assert list(told.columns) == ["time", "group", "rows seen", answer]
    pd.testing.assert_frame_equal(told[["time", "group"]], frame[["time", "group"]])
    missing = frame[INPUTS].isna().any(axis=1)
    assert (told[answer].isna() == missing).all()
    assert ((told["rows seen"] == 0) == missing).all()
    later = told.groupby("group")[answer].shift(horizon)
    for part in PARTS:
        expected = data.predictions(model, part)["y, predicted"]
        np.testing.assert_allclose(later[expected.index], expected, rtol=1e-5)


def test_a_table_is_answered_window_by_window_from_its_beginning():
    """What a network with a longer memory answers depends on where windows begin."""
    frame = table(40)
    data = from_frame(frame, INPUTS, "y", window=6, warm_up=4)
    model = Recurrent("lstm", hidden=4, num_inputs=2, seed=0)
    told = data.columns.predict(model, frame)["y"].to_numpy()
    features = data.columns.inputs.scale(torch.tensor(frame[INPUTS].to_numpy()))
    for first in range(0, 40, 6):
        begin = max(0, first - 4)
        with torch.no_grad():
            answer = model(features[begin : first + 6, None])[first - begin :, 0]
        expected = data.columns.outputs.inverse(answer)[:, 0]
        np.testing.assert_allclose(told[first : first + 6], expected, rtol=1e-5)


@pytest.mark.parametrize("names", [{}, {"time": "time"}, {"group": "group"}])
def test_index_and_order_of_a_table_stay(names):
    frame = table(50, groups=1 + 2 * ("group" in names))
    index = ["b", "a", "b", "c", "a"] * 10
    data = from_frame(frame, INPUTS, "y", window=5, warm_up=2, **names)
    told = data.columns.predict(Copy(0), frame.set_axis(index))
    assert list(told.index) == index
    # z_y = z_row, and both grow as the row does
    assert told["y"].is_monotonic_increasing
    one = data.columns.predict(Copy(0), frame.iloc[[30]])
    assert one["y"].item() == pytest.approx(told["y"].iloc[30], rel=1e-5)


def test_a_table_that_changes_afterwards_changes_nothing():
    frame = table(60)
    data = made(frame)
    before = data.predictions(Copy(0))
    frame[["time", "group"]] = 7
    pd.testing.assert_frame_equal(data.predictions(Copy(0)), before)


# Report


def naive_last(frame, rows, horizon, mean):
    """Say in a loop what was known horizon steps before each row."""
    last = []
    for row in rows:
        series = frame[frame["group"] == frame["group"].iloc[row]]
        place = list(series.index).index(frame.index[row])
        known = series["y"].iloc[: place - horizon + 1].dropna()
        last.append(known.iloc[-1] if len(known) else mean)
    return np.array(last)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("horizon", [0, 1, 4])
def test_the_report_is_what_others_compute(part, horizon):
    frame = rough(150, seed=1)
    frame["y2"] = frame["noise"].fillna(1) ** 2
    data = made(frame, horizon=horizon, outputs=["y", "y2"])
    model = TapFilter(3, num_inputs=2, num_outputs=2, seed=0)
    report, told = data.report(model, part), data.predictions(model, part)
    assert list(report.index) == ["y", "y2"]
    for n, name in enumerate(["y", "y2"]):
        y, answer = told[name], told[f"{name}, predicted"]
        mean = data.columns.outputs.mean[n].item()
        line = {
            "rmse": math.sqrt(mean_squared_error(y, answer)),
            "mae": mean_absolute_error(y, answer),
            "r2": r2_score(y, answer),
            "rmse of mean": math.sqrt(mean_squared_error(y, np.full(len(y), mean))),
            "rows": len(data.rows[part]),
        }
        if horizon and name == "y":
            last = naive_last(frame, np.sort(data.rows[part]), horizon, mean)
            line["rmse of last"] = math.sqrt(mean_squared_error(y, last))
        for key, value in line.items():
            assert report.loc[name, key] == pytest.approx(value, rel=1e-6), key
    assert ("rmse of last" in report) is (horizon > 0)


def test_where_nothing_was_known_before_the_last_value_is_the_mean_of_training():
    frame = table(100, groups=2)
    late = frame.index[frame["group"] != frame["group"][0]]
    frame.loc[late[:-1], "y"] = np.nan
    data = made(frame, horizon=1)
    rows = np.sort(data.rows["test"])
    last = naive_last(frame, rows, 1, mean := data.columns.outputs.mean.item())
    assert mean in last
    expected = math.sqrt(mean_squared_error(frame["y"][rows], last))
    assert data.report(Copy(0))["rmse of last"].item() == pytest.approx(expected)


@pytest.mark.parametrize("horizon", [1, 5])
def test_a_network_that_copies_what_it_sees_is_as_good_as_the_last_value(horizon):
    """y = 10 t: a copy is 10 h off at every row, in the closed form."""
    frame = table(200)
    data = from_frame(frame, ["y"], ["y"], horizon=horizon, window=7, warm_up=3)
    inputs, outputs = data.columns.inputs, data.columns.outputs
    # The two scales are those of different rows: undo the one, and do the other
    slope = (inputs.deviation / outputs.deviation).item()
    shift = ((inputs.mean - outputs.mean) / outputs.deviation).item()
    model = TapFilter(1, seed=0)
    torch.nn.init.constant_(model.fc_out.weight, slope)
    torch.nn.init.constant_(model.fc_out.bias, shift)
    report = data.report(model).loc["y"]
    assert report["rmse of last"] == pytest.approx(10 * horizon)
    assert report["rmse"] == pytest.approx(10 * horizon, rel=1e-4)
    assert report["mae"] == pytest.approx(10 * horizon, rel=1e-4)


def test_the_filter_that_made_the_outputs_is_found_and_reported():
    frame = rough(300)
    frame["y"] = 3 * frame["row"] - 2 * frame.groupby("group")["noise"].shift(1) + 5
    data = made(frame)
    model = TapFilter(2, num_inputs=2, seed=0)
    model.solve(data.loaders(seed=0)[0])
    for part in PARTS:
        report = data.report(model, part).loc["y"]
        assert report["r2"] == pytest.approx(1, abs=1e-6)
        assert report["rmse"] < 1e-3 * report["rmse of mean"]


# The rest


def test_loaders_serve_the_parts_the_first_in_a_seeds_order():
    data = made(rough(200))
    twice = data.loaders(4, seed=0), data.loaders(4, seed=0)
    for part, *loaders in zip(PARTS, *twice, strict=True):
        served, again = (torch.cat([x for x, _, _ in each], dim=1) for each in loaders)
        assert torch.equal(served, again)
        assert torch.equal(served, getattr(data, part).features) is (part != "train")


def test_a_network_is_given_back_in_its_mode_and_errors_say_what_is_wrong():
    data = made(table(60))
    model = torch.nn.Sequential(torch.nn.Dropout(0.9), torch.nn.Linear(2, 1)).train()
    model[1].eval()
    first, again = (data.predictions(model)["y, predicted"] for _ in range(2))
    assert (first == again).all()
    with pytest.raises(ValueError, match=r"part must be one of .* not 'tset'"):
        data.predictions(model, "tset")
    with pytest.raises(
        ValueError, match=r"model must answer \[.*, 1\].* not \[.*, 2\]"
    ):
        data.report(Copy(0, 1))
    assert [module.training for module in model.modules()] == [True, True, False]


def test_a_spiking_network_learns_a_table():
    frame = table(300)
    frame["y"] = frame["noise"].abs()
    data = made(frame, warm_up=0)
    train, validation, _ = data.loaders(16, seed=0)
    model = spikereg.SpikingRegressor(16, num_inputs=2, seed=0)
    options = {"lr": 0.02, "validation": validation, "progress": False}
    spikereg.fit(model, train, 15, **options)
    report = data.report(model, "train").loc["y"]
    assert report["rmse"] < 0.9 * report["rmse of mean"]
    scaled = report["rmse"] / data.columns.outputs.deviation.item()
    assert scaled == pytest.approx(spikereg.evaluate(model, train).mse ** 0.5, rel=1e-4)

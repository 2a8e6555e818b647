"""The tables, the words of the command, and whether it would make what is stored."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from accuracy.command import main, store
from accuracy.measure import measure
from accuracy.methods import RATES
from accuracy.tables import TABLES, Table
from accuracy.tables.curves import GRID

from spikereg.data import MODES
from spikereg.memory import LINEAR
from spikereg.results import Row, Trial, stored

# Trainings of two or three epochs may.
pytestmark = [
    pytest.mark.filterwarnings("ignore:training ended worse"),
    pytest.mark.usefixtures("unchecked"),  # shapes are checked by shorter tests
]

ROOT = Path(__file__).parents[1]

each_table = pytest.mark.parametrize("name", TABLES)


# Tables and the command


def row(values=(0.1, 0.3, 0.2)):
    seeds = tuple(range(len(values)))
    return Row(Trial("relu", "sqrt"), 7, seeds, {"l1": values})


def test_a_table_is_stored_whole_or_not_at_all(tmp_path, monkeypatch):
    store("p1", [row()], tmp_path)
    before = (tmp_path / "p1.json").read_text()
    assert json.loads(before)[0]["values"]["l1"] == [0.1, 0.3, 0.2]
    broken = row()
    broken.values["l1"] = (object(),)
    with pytest.raises(TypeError):
        store("p1", [row(), broken], tmp_path)
    assert (tmp_path / "p1.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["p1.json"]


def test_a_disk_that_is_full_leaves_the_old_table(tmp_path, monkeypatch):
    store("p1", [row()], tmp_path)
    before = (tmp_path / "p1.json").read_text()

    def write_half(path, text):
        with path.open("w") as file:
            file.write(text[: len(text) // 2])
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(OSError, match="no space left"):
        store("p1", [row(), row()], tmp_path)
    assert (tmp_path / "p1.json").read_text() == before


def test_the_command_runs_a_table_and_stores_it(tmp_path, capsys):
    tried = [Trial("filter", "one ramp", epochs=3), Trial("relu", "one ramp", epochs=3)]
    words = ["p1", "--seeds", "2", "--jobs", "1", "--store", str(tmp_path)]
    words += ["--runs", str(tmp_path)]
    main(words, {"p1": Table("a title", tried, 5, ("l1",))})
    printed = capsys.readouterr().out
    assert "p1: a title" in printed
    assert "one ramp, filter, epochs 3" in printed
    (first, second) = json.loads((tmp_path / "p1.json").read_text())
    assert first["seeds"] == [0, 1]
    expected = measure(tried[1], range(2)).values["l1"]
    assert second["values"]["l1"] == pytest.approx(expected, rel=1e-3)


def test_python_runs_the_command(tmp_path):
    """Not through pytest: its worker processes must find what they are to run."""
    words = ["-m", "accuracy", "p1", "--seeds", "1", "--store", str(tmp_path)]
    words += ["--runs", str(tmp_path / "runs")]
    ended = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "benchmarks"},
    )
    assert ended.returncode == 0, ended.stderr
    assert "one ramp, random + least squares" in ended.stdout
    assert json.loads((tmp_path / "p1.json").read_text())[0]["seeds"] == [0]


@pytest.mark.parametrize(
    "words",
    [
        ["p9"],
        ["--store", __file__],
        ["--runs", __file__],
        ["--seeds", "0"],
        ["--jobs", "0"],
    ],
)
def test_the_command_refuses_what_it_does_not_know(words, capsys, tmp_path):
    with pytest.raises(SystemExit) as raised:
        main(["--runs", str(tmp_path), *words])
    assert raised.value.code == 2
    assert words[-1] in capsys.readouterr().err


def test_the_readme_says_how_many_trainings_all_tables_take():
    count = sum(len(table.trials) * table.seeds for table in TABLES.values())
    assert f" {count:,} trainings" in (ROOT / "README.md").read_text()


# The stored tables


@each_table
def test_a_stored_table_is_the_one_that_the_command_makes(name):
    rows = stored(name)
    assert [r.trial for r in rows] == list(TABLES[name].trials)
    for r in rows:
        assert r.seeds == tuple(range(TABLES[name].seeds))


def test_every_stored_table_has_its_definition():
    folder = resources.files("spikereg.results") / "stored"
    assert {file.name for file in folder.iterdir()} == {
        f"{name}.json" for name in TABLES
    }


@each_table
def test_what_is_stored_reads_back_the_same(name, tmp_path):
    kept = resources.files("spikereg.results") / "stored" / f"{name}.json"
    assert store(name, stored(name), tmp_path).read_text() == kept.read_text()


@pytest.mark.parametrize("method", RATES)
@pytest.mark.parametrize("kind", ["ramps", *LINEAR])
def test_learning_rates_are_those_of_the_smallest_validation_error(method, kind):
    score = defaultdict(lambda: 1.0)
    for r in stored("choice"):
        if r.trial.method == method and r.trial.task in (
            kind,
            *MODES * (kind == "ramps"),
        ):
            score[r.trial.lr] *= r.median()
    assert len(score) >= len(GRID)
    assert score[RATES[method][kind]] == min(score.values())


def test_trained_baselines_learn_as_many_numbers_within_ten_percent():
    for r in (*stored("p2"), *stored("p3")):
        if r.trial.method in ("lstm", "gru", "relu"):
            assert r.parameters == pytest.approx(17154, rel=0.1)


REMADE = "accurate", "one ramp"


def find(name, method, task):
    (found,) = (
        r for r in stored(name) if (r.trial.method, r.trial.task) == (method, task)
    )
    return found


def test_a_row_made_again_lies_in_the_stored_range_and_a_perturbed_one_does_not():
    kept = find("p1", *REMADE)
    again = measure(kept.trial, range(3))
    assert kept.confirms(again, "l1")
    assert kept.confirms(again, "pointwise_relative_error")
    tripled = replace(
        again,
        values={name: tuple(3 * v for v in of) for name, of in again.values.items()},
    )
    assert not kept.confirms(tripled, "l1")


def test_the_row_of_a_perturbed_trial_lies_outside_of_the_stored_range():
    kept = find("p1", *REMADE)
    perturbed = measure(replace(kept.trial, epochs=100), range(3))
    assert not kept.confirms(replace(perturbed, trial=kept.trial), "l1")

"""What makes the stored tables, and whether it would make them again."""

import itertools
import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import torch
from accuracy import command
from accuracy import datasets as data
from accuracy.command import store
from accuracy.datasets import datasets
from accuracy.measure import Noisy, measure, run
from accuracy.methods import METHODS, RATES, StepByStep, ablate
from accuracy.tables import TABLES, Table

from spikereg import RegressionDataset, SpikingRegressor, make_loader
from spikereg.data import MODES
from spikereg.memory import TASKS
from spikereg.results import Row, Trial, stored

ROOT = Path(__file__).parents[1]

each_table = pytest.mark.parametrize("name", TABLES)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(data, "SAMPLES", 40)


# Trials


@pytest.mark.parametrize("task", ["sqrt", "delay"])
def test_training_validation_and_test_sets_of_all_seeds_differ(task, small):
    seen = []
    for seed in range(3):
        for split in ("validation", "test"):
            train, other = datasets(Trial("accurate", task), seed, split)
            assert len(train) == len(other) == 40
            seen.append(other.features)
        seen.append(train.features)
    for some, others in itertools.combinations(seen, 2):
        assert not torch.equal(some, others)


def test_the_sets_of_a_seed_share_the_slope():
    train, test = datasets(Trial("accurate", "sqrt"), 3)
    assert train.slope == test.slope
    assert train.slope != datasets(Trial("accurate", "sqrt"), 4)[0].slope


def test_one_ramp_is_tested_on_itself():
    train, test = datasets(Trial("tutorial", "one ramp"), 2)
    assert train is test
    assert torch.equal(train.labels, RegressionDataset(seed=2).labels)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", ["one ramp", "linear", "oscillator"])
def test_every_method_runs_and_a_seed_repeats_it(method, task, small):
    tried = Trial(method, task, hidden=8, timesteps=12, epochs=2)
    first, again = run(tried, seed=0), run(tried, seed=0)
    assert first.report == again.report
    assert first.report != run(tried, seed=1).report
    assert first.seconds > 0
    assert first.parameters > 8
    spiking = "tutorial" in method or "accurate" in method
    assert (first.report.spike_rate is not None) is spiking


@pytest.mark.parametrize(
    ("tried", "named"),
    [
        (Trial("accurate", "cubic"), "task must be one of .* not 'cubic'"),
        (Trial("acurate", "sqrt"), "method must be one of .* not 'acurate'"),
        (
            Trial("accurate", "sqrt", without="cosine"),
            "without must be one of .* not 'cosine'",
        ),
    ],
)
def test_an_unknown_word_is_named_before_anything_is_trained(tried, named):
    with pytest.raises(ValueError, match=named):
        run(tried, 0)
    with pytest.raises(ValueError, match=named):
        Table("a title", [Trial("accurate", "sqrt"), tried], 1)


def test_a_wrong_split_or_no_seed_is_refused():
    with pytest.raises(ValueError, match=r"split must be one of .* not 'all'"):
        run(Trial("accurate", "sqrt"), 0, "all")
    with pytest.raises(ValueError, match=r"at least one seed, not \[\]"):
        measure(Trial("accurate", "sqrt"), [])


def test_a_measure_that_is_infinite_for_a_seed_is_left_out(small):
    made = measure(Trial("filter", "delay", epochs=1), [0])
    assert "pointwise_relative_error" not in made.values
    assert "relative_error" in made.values


@pytest.mark.parametrize(
    ("without", "changed"),
    [
        ("layer 1 without decay", {"lif_in.beta"}),
        ("layer 2 without decay", {"lif_hidden.beta"}),
        (
            "layer 2 that copies",
            {"fc_hidden.weight", "fc_hidden.bias", "lif_hidden.threshold"},
        ),
        ("empty readout", {"fc_out.weight", "fc_out.bias", "li_out.beta"}),
        (
            "clocks",
            {"fc_in.weight", "fc_in.bias", "lif_in.beta", "lif_in.threshold"},
        ),
    ],
)
def test_an_ablation_puts_the_tutorials_part_into_its_place(without, changed):
    memory = 30.0 if without == "clocks" else 0.0
    whole, model = (
        SpikingRegressor(10, seed=0, recipe="accurate", memory=memory) for _ in range(2)
    )
    ablate(model, without, seed=0)
    left = whole.state_dict()
    found = model.state_dict()
    assert {n for n in found if not torch.equal(found[n], left[n])} == changed
    tutorial = SpikingRegressor(10, seed=0).state_dict()
    drawn = {"lif_in.beta", "lif_in.threshold"} if without == "clocks" else set()
    for name in changed - drawn:
        assert torch.equal(found[name], tutorial[name])
    if without == "clocks":
        torch.testing.assert_close(
            model.lif_in.threshold, 0.3 * (1 - model.lif_in.beta.detach())
        )


def test_the_other_ablations_train_differently(small):
    outcomes = [
        run(Trial("accurate", "sqrt", 8, epochs=2, without=without), seed=0).report.mse
        for without in ("", "levels from the data", "cosine schedule")
    ]
    assert len(set(outcomes)) == 3


@pytest.mark.parametrize("method", ["lstm", "gru", "relu"])
def test_a_baseline_learns_as_many_numbers_as_the_spiking_network(method, small):
    ours, theirs = (
        run(Trial(name, "sqrt", epochs=1), seed=0).parameters
        for name in ("accurate", method)
    )
    assert theirs == pytest.approx(ours, rel=0.1)


def test_snntorchs_own_loop_gives_the_same_network():
    model, other = SpikingRegressor(8, seed=0), StepByStep(8, seed=0)
    features = RegressionDataset(12, 3, seed=0).features
    torch.testing.assert_close(other(features), model(features))


def test_noise_is_drawn_anew_and_leaves_the_labels_alone():
    data = RegressionDataset(num_samples=500, seed=0)
    loader = Noisy(make_loader(data, 500), sigma=0.03, seed=1)
    ((first, labels),), ((second, _),) = list(loader), list(loader)
    assert torch.equal(labels, data.labels)
    assert not torch.equal(first, second)
    for features in (first, second):
        noise = features - data.features
        assert noise.std().item() == pytest.approx(0.03, rel=0.02)
    assert (second - first).std().item() == pytest.approx(0.03 * 2**0.5, rel=0.02)
    quiet = Noisy(make_loader(data, 500), sigma=0.0, seed=1)
    assert torch.equal(next(iter(quiet))[0], data.features)


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


def test_the_command_runs_a_table_and_stores_it(tmp_path, monkeypatch, capsys):
    tried = [Trial("filter", "one ramp", epochs=3), Trial("relu", "one ramp", epochs=3)]
    monkeypatch.setitem(TABLES, "p1", Table("a title", tried, 5, ("l1",)))
    words = ["accuracy", "p1", "--seeds", "2", "--jobs", "1", "--store", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    command.main()
    printed = capsys.readouterr().out
    assert "p1: a title" in printed
    assert "one ramp, filter, epochs 3" in printed
    (first, second) = json.loads((tmp_path / "p1.json").read_text())
    assert first["seeds"] == [0, 1]
    expected = measure(tried[1], range(2)).values["l1"]
    assert second["values"]["l1"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("timed", "workers"), [(True, 1), (False, 3)])
def test_a_table_that_compares_times_runs_one_training_at_a_time(
    timed, workers, monkeypatch
):
    class Context:
        def Pool(self, processes, *_):  # noqa: N802
            raise RuntimeError(f"{processes} processes")

    monkeypatch.setattr(command, "get_context", lambda kind: Context())
    chosen = Table("a title", [Trial("relu", "one ramp")], 1, ("l1",), timed)
    with pytest.raises(RuntimeError, match=f"^{workers} processes$"):
        command.run_table(chosen, seeds=1, jobs=3)


def test_python_runs_the_command(tmp_path):
    """Not through pytest: its worker processes must find what they are to run."""
    words = ["-m", "accuracy", "p1", "--seeds", "1", "--store", str(tmp_path)]
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


def test_a_training_that_fails_ends_the_command_at_once(tmp_path, monkeypatch):
    wrong = Trial("tutorial", "one ramp", hidden=0)
    tried = [wrong, Trial("relu", "one ramp", epochs=10**6)]
    monkeypatch.setitem(TABLES, "p1", Table("a title", tried, 1, ("l1",)))
    words = ["accuracy", "p1", "--jobs", "1", "--store", str(tmp_path / "new")]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(ValueError, match="at least 1, not 0") as raised:
        command.main()
    (note,) = raised.value.__notes__
    assert note == "in the trial one ramp, tutorial, hidden 0 with the seed 0"
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    "words", [["p9"], ["--store", __file__], ["--seeds", "0"], ["--jobs", "0"]]
)
def test_the_command_refuses_what_it_does_not_know(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["accuracy", *words])
    with pytest.raises(SystemExit):
        command.main()
    assert words[-1] in capsys.readouterr().err


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
@pytest.mark.parametrize("kind", ["ramps", *TASKS])
def test_learning_rates_are_those_of_the_smallest_validation_error(method, kind):
    score = defaultdict(lambda: 1.0)
    for r in stored("choice"):
        if r.trial.method == method and r.trial.task in (
            kind,
            *MODES * (kind == "ramps"),
        ):
            score[r.trial.lr] *= r.median()
    assert len(score) == 4
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

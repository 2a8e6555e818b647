"""What is finished stays finished: the file of trainings, and what its keys hold."""

import re
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from accuracy.measure import Outcome
from accuracy.provenance import OURS, imported, provenance, same_here, sources
from accuracy.runs import Runs
from accuracy.work import Job, work

from spikereg import Report
from spikereg.results import Trial

ROOT = Path(__file__).parents[1]
HERE = (("python", "3.11"), ("sources", "ab12"))
JOB = Job(Trial("relu", "sqrt"), 0)
OUTCOME = Outcome(Report(0.1, 1 / 3, 0.2, float("inf"), None, 1 / 3), 1.5, 7)


@pytest.fixture
def two(tmp_path):
    """Store two trainings."""
    runs = Runs(tmp_path, HERE)
    runs.add(JOB, OUTCOME)
    runs.add(JOB._replace(seed=1), OUTCOME._replace(seconds=2.5))
    return runs


def found(folder, jobs, where=HERE):
    runs = Runs(folder, where)
    return [runs.get(job) is not None for job in jobs]


FIRST, SECOND, THIRD = (JOB._replace(seed=seed) for seed in range(3))

# The file


def test_what_is_added_is_there_at_once_and_after_a_new_start(two, tmp_path):
    for runs in (two, Runs(tmp_path, HERE)):
        assert runs.get(FIRST) == OUTCOME
        assert runs.get(SECOND) == OUTCOME._replace(seconds=2.5)
        assert runs.get(THIRD) is None
        assert runs.damaged == []
    assert len(two.path.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    "other",
    [
        JOB._replace(trial=replace(JOB.trial, lr=0.01)),
        JOB._replace(trial=replace(JOB.trial, method="gru")),
        JOB._replace(seed=2),
        JOB._replace(split="validation"),
        JOB._replace(timed=True),
    ],
)
def test_another_training_is_not_taken_for_a_finished_one(other, two, tmp_path):
    assert found(tmp_path, [JOB, other]) == [True, False]


def test_trainings_of_other_versions_are_not_found_and_stay(two, tmp_path):
    other = (HERE[0], ("sources", "cd34"))
    assert found(tmp_path, [FIRST, SECOND], other) == [False, False]
    Runs(tmp_path, other).add(FIRST, OUTCOME)
    assert found(tmp_path, [FIRST, SECOND], other) == [True, False]
    assert found(tmp_path, [FIRST, SECOND]) == [True, True]


def test_what_another_version_measured_may_have_another_form(two, tmp_path):
    text = two.path.read_text()
    old = text.replace('"ab12"', '"00"').replace('"l1"', '"l7"')
    two.path.write_text(old + text)
    assert found(tmp_path, [FIRST, SECOND]) == [True, True]
    assert Runs(tmp_path, HERE).damaged == []


@pytest.mark.parametrize("lost", [1, 2, 30, 300, "all but one"])
def test_a_line_that_was_cut_off_costs_itself_only(lost, two, tmp_path):
    whole = two.path.read_bytes()
    last = len(whole.splitlines()[1])
    lost = last if lost == "all but one" else lost
    two.path.write_bytes(whole[:-lost])
    again = Runs(tmp_path, HERE)
    assert again.get(FIRST) == OUTCOME
    assert (again.get(SECOND) is not None) is (lost == 1)  # the end of the line only
    again.add(THIRD, OUTCOME)
    assert found(tmp_path, [FIRST, SECOND, THIRD]) == [True, lost == 1, True]


@pytest.mark.parametrize(
    "damage", [b"\xff\xfe", b"{}", b"[1, 2]", b"7", b'{"key": {"trial": ', b"null"]
)
def test_a_damaged_line_is_named_and_the_others_are_found(damage, two, tmp_path):
    first, second = two.path.read_bytes().splitlines()
    two.path.write_bytes(b"\n".join([first, damage, second, b""]))
    again = Runs(tmp_path, HERE)
    (line,) = again.damaged
    assert line.startswith(f"{two.path}, line 2, was cut off or damaged")
    assert found(tmp_path, [FIRST, SECOND]) == [True, True]


def test_a_line_of_ours_with_another_form_is_damaged(two, tmp_path):
    two.path.write_text(two.path.read_text().replace('"l1"', '"l7"', 1))
    (line,) = Runs(tmp_path, HERE).damaged
    assert "line 1, " in line
    assert "'l1'" in line
    assert found(tmp_path, [FIRST, SECOND]) == [False, True]


def test_a_disk_that_is_full_is_said_and_costs_one_line(two, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = two.path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        with pytest.raises(OSError, match=rf"{two.path} took 10 of \d+ bytes"):
            two.add(THIRD, OUTCOME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert two.get(THIRD) is None
    two.add(THIRD, OUTCOME)
    assert found(tmp_path, [FIRST, SECOND, THIRD]) == [True, True, True]


# What a number depends on


@pytest.fixture
def copy(tmp_path):
    """Copy the sources, so that they can be changed."""
    for name, folder in (("accuracy", "benchmarks"), ("spikereg", ".")):
        shutil.copytree(ROOT / folder / name, tmp_path / name)
    return tmp_path


def test_the_hash_does_not_depend_on_where_the_files_lie(copy):
    assert sources([str(copy)]) == sources() == dict(provenance())["sources"]


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("spikereg/scan/loops.py", True),
        ("spikereg/training.py", True),
        ("spikereg/neurons/leaky.py", True),
        ("accuracy/methods.py", True),
        ("accuracy/datasets.py", True),
        ("spikereg/plots.py", False),
        ("spikereg/widgets/__init__.py", False),
        ("accuracy/tables/curves.py", False),
        ("accuracy/command.py", False),
    ],
)
def test_a_change_counts_if_a_training_imports_the_file(file, counts, copy):
    before = sources([str(copy)])
    with (copy / file).open("a") as changed:
        changed.write("\n# changed\n")
    assert (sources([str(copy)]) != before) is counts


def test_a_file_that_is_imported_from_now_on_counts(copy):
    (copy / "spikereg" / "extra.py").write_text("A = 1\n")
    before = sources([str(copy)])
    with (copy / "accuracy" / "datasets.py").open("a") as changed:
        changed.write("\nfrom spikereg.extra import A\n")
    with_import = sources([str(copy)])
    (copy / "spikereg" / "extra.py").write_text("A = 2\n")
    assert len({before, with_import, sources([str(copy)])}) == 3


def test_a_package_that_is_not_found_is_named(copy):
    shutil.rmtree(copy / "spikereg")
    with pytest.raises(RuntimeError, match=r"\['spikereg'\] was found in \['/"):
        sources([str(copy)])


def test_the_hashed_files_are_those_that_a_training_imports():
    lines = [
        "import sys",
        "from accuracy.methods import METHODS",
        "from accuracy.provenance import provenance",
        "from accuracy.work import Job, Trial, work",
        "for method in METHODS:",
        "    small = {'hidden': 8, 'timesteps': 12, 'epochs': 1}",
        "    trial = Trial(method, 'one ramp', **small, lr=0.01, steepness=5.0)",
        "    work(Job(trial, 0), provenance())",
        f"print(*(m for m in sys.modules if m.partition('.')[0] in {OURS}))",
    ]
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": "benchmarks"},
    )
    assert ended.returncode == 0, ended.stderr
    assert set(ended.stdout.split()) == imported().keys()


@pytest.mark.parametrize("name", ["python", "torch", "snntorch", "numpy", "numba"])
def test_a_process_with_another_version_is_refused_by_name(name):
    own = dict(provenance())
    same_here(provenance())
    other = tuple((own | {name: "0.1"}).items())
    named = re.escape(f"computes with {name} {own[name]}, not 0.1: start")
    with pytest.raises(RuntimeError, match=named):
        work(JOB, other)


def test_a_process_with_other_sources_trains_nothing():
    other = (*provenance()[:-1], ("sources", "0"))
    with pytest.raises(RuntimeError, match=r"sources [0-9a-f]{64}, not 0: start"):
        work(Job(Trial("relu", "sqrt", epochs=10**6), 0), other)

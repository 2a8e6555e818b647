"""The command as a whole, which is killed, interrupted and started again."""

import os
import signal
from collections import Counter

import pytest
from commands import (
    GATED,
    PATIENCE,
    errors,
    lines,
    numbers,
    ran,
    started,
    trained,
    wait_at_gate,
)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Make the table of gated trainings in one go, one after another."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    (folder / "gate").touch()
    code, out, err = ran(folder, "gated", "--jobs", "1")
    assert code == 0, err
    assert "gated, accurate, hidden 8" in out
    assert trained(folder) == dict.fromkeys(GATED, 1)
    return numbers(folder / "made" / "gated.json")


def test_after_kill_9_the_command_goes_on_where_it_was(tmp_path, uninterrupted):
    runs = tmp_path / "runs.jsonl"
    with started(tmp_path, "gated", "--jobs", "2") as process:
        wait_at_gate(process, tmp_path)
        process.kill()
        process.communicate(timeout=PATIENCE)  # its processes end by themselves
    assert not (tmp_path / "made" / "gated.json").exists()
    before = lines(runs)
    assert len(before) == 2
    (tmp_path / "gate").touch()

    code, _, err = ran(tmp_path, "gated", "--jobs", "2")
    assert code == 0, err
    assert "2/8" in err  # where the bar begins
    assert trained(tmp_path) == Counter(GATED) + Counter(GATED[2:4])
    assert lines(runs)[:2] == before
    assert len(lines(runs)) == 8
    assert numbers(tmp_path / "made" / "gated.json") == uninterrupted

    text = (tmp_path / "made" / "gated.json").read_text()
    code, _, err = ran(tmp_path, "gated")
    assert code == 0, err
    assert "8/8" in err
    assert sum(trained(tmp_path).values()) == 10
    assert (tmp_path / "made" / "gated.json").read_text() == text


def test_ctrl_c_ends_at_once_and_says_how_to_go_on(tmp_path):
    runs = tmp_path / "runs.jsonl"
    with started(tmp_path, "gated", "--jobs", "2") as process:
        wait_at_gate(process, tmp_path)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        process.communicate(timeout=PATIENCE)
    err = errors(tmp_path)
    assert process.returncode == 130
    assert f"is kept in {runs}: the same command goes on" in err
    assert "Traceback" not in err
    assert len(lines(runs)) == 2


def test_what_fails_or_is_killed_is_named_and_the_others_go_on(tmp_path):
    code, out, err = ran(tmp_path, "broken", "untimed", "--jobs", "2")
    assert code == 1
    summary = err.partition("trainings failed;")[2].splitlines()[1:]
    methods = ("lstm", "relu")
    assert sorted(summary) == sorted(
        [
            *(
                f"killed, {method}, hidden 8, epochs 3, lr 0.01, seed 1: its process "
                f"was ended: SIGKILL, from outside or for want of memory"
                for method in methods
            ),
            *(
                f"wrong, {method}, hidden 8, epochs 3, lr 0.01, seed 2: ValueError: "
                f"there is no seed 2"
                for method in methods
            ),
        ]
    )
    assert 'raise ValueError("there is no seed 2")' in err
    assert "broken is not stored: 4 trainings failed" in out
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["untimed.json"]
    assert len(lines(tmp_path / "runs.jsonl")) == 4 * 2 + 2


def test_where_times_are_compared_one_training_runs_at_a_time(tmp_path):
    code, _, err = ran(tmp_path, "untimed", "timed", "--jobs", "2")
    assert code == 0, err
    # What was finished untimed runs again.
    *others, first, second = [line.split()[0] for line in lines(tmp_path / "started")]
    assert len({*others, first, second}) == 3
    assert first == second

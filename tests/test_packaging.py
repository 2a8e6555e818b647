"""What is packed, and with which versions it is promised and tested."""

import itertools
import tomllib
from pathlib import Path

import pytest
from colab_check import COLAB
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "spikereg"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_wheel_holds_every_source_and_table_and_the_mark_of_typed_packages():
    builder = WheelBuilder(str(ROOT))
    wheel = {file.distribution_path for file in builder.recurse_included_files()}
    tables = sorted(PACKAGE.glob("results/**/*.json"))
    assert tables
    expected = {path.relative_to(ROOT).as_posix() for path in (*SOURCES, *tables)}
    assert expected | {"spikereg/py.typed"} <= wheel
    assert all(path.startswith("spikereg/") for path in wheel)


extras = itertools.chain(*PROJECT["optional-dependencies"].values())
dependencies = [Requirement(line) for line in (*PROJECT["dependencies"], *extras)]
each_dependency = pytest.mark.parametrize("dependency", dependencies, ids=str)


@each_dependency
def test_dependencies_have_lower_bounds_only(dependency):
    assert [bound.operator for bound in dependency.specifier] == [">="]


def test_colabs_python_is_new_enough():
    requires = SpecifierSet(PROJECT["requires-python"])
    assert [bound.operator for bound in requires] == [">="]
    assert requires.contains(COLAB["Python"])


def pins():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    bare = [line.split("#")[0].strip() for line in lines]
    return {Requirement(line).name: Requirement(line) for line in bare if line}


def test_requirements_are_pinned_exactly():
    for pin in pins().values():
        assert [bound.operator for bound in pin.specifier] == ["=="], str(pin)


@each_dependency
def test_every_dependency_is_pinned_to_a_version_it_allows(dependency):
    (pin,) = pins()[dependency.name].specifier
    assert dependency.specifier.contains(pin.version)

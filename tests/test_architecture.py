import ast
import inspect
import re
from pathlib import Path

import jaxtyping
import pytest
import snntorch as snn
import torch

import spikereg
from spikereg import RegressionDataset
from spikereg.neurons import KINDS
from spikereg.scan import reference

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "spikereg"
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: Which room of the house may import which.
IMPORTS = {
    "_check": set(),
    "_threads": set(),
    "_compiled": {"_threads"},
    "_draw": set(),
    "_least_squares": set(),
    "_batches": {"_check", "metrics"},
    "data": {"_check"},
    "tanks": {"_check", "data"},
    "loader": {"_check", "data"},
    "digits": {"_check", "data"},
    "materials": {"_check"},
    "memory": {"_check", "data", "materials"},
    "material_data": {"_check", "data", "materials"},
    "firing_times": {"_check", "data"},
    "frames": {"_batches", "_check", "_checkpoint", "_state", "data", "loader"},
    "receptor": {"_check", "data"},
    "envelope": {"_check", "data", "receptor"},
    "neurons": {"_check", "_compiled", "_draw"},
    "scan": {"_check", "_compiled", "neurons"},
    "events": {"_check", "_compiled"},
    "dendrites": {"_check", "_draw", "neurons", "scan"},
    "forecasting": {"_check"},
    "delayed_spikes": {
        "_batches",
        "_check",
        "_draw",
        "_least_squares",
        "neurons",
        "recipes",
        "scan",
    },
    "metrics": {"_check"},
    "decoding": {"_check"},
    "encoding": {"_check"},
    "losses": {"_check", "decoding"},
    "spike_times": {"_check", "decoding"},
    "recipes": {"_check", "scan"},
    "models": {
        "_check",
        "_draw",
        "dendrites",
        "events",
        "neurons",
        "recipes",
        "scan",
    },
    "return_mapping": {"_check", "materials", "models", "neurons", "scan"},
    "spiking_filter": {
        "_batches",
        "_check",
        "_draw",
        "_least_squares",
        "models",
        "neurons",
        "recipes",
        "scan",
    },
    "initialize": {"_batches", "_check", "_least_squares", "models", "recipes", "scan"},
    "constant_answer": {"_batches", "losses", "models"},
    "hazard": {"_check", "_draw", "models", "neurons", "scan"},
    "baselines": {
        "_batches",
        "_check",
        "_draw",
        "_least_squares",
        "dendrites",
        "neurons",
        "scan",
    },
    "operations": {
        "_check",
        "baselines",
        "delayed_spikes",
        "dendrites",
        "metrics",
        "models",
        "neurons",
        "spiking_filter",
    },
    "energy": {"_check", "operations"},
    "_nir": {"dendrites", "neurons", "scan"},
    "_fixed": {"dendrites", "neurons", "scan"},
    "quantize": {"_check", "_fixed", "baselines", "dendrites", "models", "neurons"},
    "interchange": {"_check", "_nir", "models"},
    "_chain": {"_check", "_compiled", "events", "models", "neurons", "scan"},
    "_weights": {"_compiled", "neurons"},
    "_ways": {"_batches", "_chain", "_check", "_compiled", "_weights", "losses"},
    "_state": set(),
    "_descent": {"_batches", "_state", "_ways", "_weights", "losses", "recipes"},
    "_checkpoint": set(),
    "_run": {"_batches", "_checkpoint", "_descent", "_state", "recipes"},
    "training": {
        "_batches",
        "_check",
        "_descent",
        "_run",
        "_ways",
        "evaluation",
        "losses",
        "recipes",
    },
    "evaluation": {"_batches", "_check", "losses", "metrics"},
    "exercises": {"_check", "memory", "metrics", "models", "results"},
    "plots": set(),
    "widgets": {
        "_check",
        "data",
        "energy",
        "firing_times",
        "models",
        "neurons",
        "scan",
    },
    # Which only reads: what measures stands in benchmarks/accuracy.
    "results": {"_check", "evaluation"},
    "__init__": {
        "data",
        "delayed_spikes",
        "dendrites",
        "constant_answer",
        "evaluation",
        "firing_times",
        "frames",
        "initialize",
        "loader",
        "material_data",
        "memory",
        "models",
        "neurons",
        "return_mapping",
        "scan",
        "spike_times",
        "spiking_filter",
        "training",
    },
}

PUBLIC = {
    "AdaptiveLeaky",
    "DelayedSpikes",
    "Dendrites",
    "FiringTimeDataset",
    "FrameData",
    "History",
    "MaterialDataset",
    "MemoryDataset",
    "PlasticPair",
    "RegressionDataset",
    "Report",
    "Resonator",
    "ReturnMapping",
    "SpikeTimes",
    "SpikingFilter",
    "SpikingLSTM",
    "SpikingRegressor",
    "SpikingReturnMapping",
    "TimeMajorDataset",
    "Trace",
    "constant_answer",
    "evaluate",
    "fit",
    "from_frame",
    "initialize",
    "make_loader",
    "scan",
}

each_source = pytest.mark.parametrize(
    "source", SOURCES, ids=[str(path.relative_to(PACKAGE)) for path in SOURCES]
)


# Modules


def room(source):
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(source):
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, *rest = name.split(".")
            if package == "spikereg":
                yield rest[0] if rest else "__init__"


@each_source
def test_imports_point_one_way(source):
    assert set(imported_rooms(source)) - {room(source)} <= IMPORTS[room(source)]


def test_the_table_of_imports_names_every_room_and_has_no_circle():
    assert IMPORTS.keys() == {room(source) for source in SOURCES}
    built = set()
    while ready := {name for name in IMPORTS.keys() - built if IMPORTS[name] <= built}:
        built |= ready
    assert built == IMPORTS.keys()


@each_source
def test_the_package_imports_nothing_that_stands_beside_it(source):
    beside = {
        path.stem
        for folder in ("benchmarks", "tools")
        for path in ROOT.glob(f"{folder}/**/*")
        if "node_modules" not in path.parts
    }
    assert {"accuracy", "race", "environment"} <= beside
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    assert not found & (beside | {"benchmarks", "tools"})


@each_source
def test_a_file_is_no_longer_than_a_room(source):
    assert len(source.read_text().splitlines()) <= 250


@each_source
def test_no_module_shows_figures_seeds_the_world_or_reads_snntorchs_global_list(source):
    used = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Attribute)
    }
    forbidden = r"plt\.show|pyplot\.show|\.instances$|^(torch|np|numpy|random)\..*seed"
    assert not [name for name in used if re.search(forbidden, name)]


# Public names


def test_the_public_names_are_those_that_are_documented():
    assert set(spikereg.__all__) == PUBLIC
    assert all(hasattr(spikereg, name) for name in PUBLIC)


def public_definitions(body):
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
            decorators = {ast.unparse(each) for each in node.decorator_list}
            # Rows of all kinds do what the protocol of a kind says.
            if not decorators & {"row", "overload"}:
                yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body)


@each_source
def test_modules_and_all_they_make_public_have_docstrings(source):
    module = ast.parse(source.read_text())
    for node in (module, *public_definitions(module.body)):
        assert ast.get_docstring(node), ast.unparse(node)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_the_docstring_of_a_public_name_describes_every_argument(name):
    thing = getattr(spikereg, name)
    for argument in inspect.signature(thing).parameters:
        assert re.search(rf"^ +{argument}: \S", thing.__doc__, re.MULTILINE), argument


# The checks that run under pytest only


def test_under_pytest_a_wrong_shape_is_caught_between_functions():
    neuron = snn.Leaky(beta=0.5)
    current, state = torch.zeros(4, 2, 3), (torch.zeros(3, 2),)
    with pytest.raises(jaxtyping.TypeCheckError, match="state"):
        reference.walk(KINDS[snn.Leaky], neuron, current, state)


def test_under_pytest_a_wrong_type_is_caught():
    with pytest.raises(jaxtyping.TypeCheckError, match="timesteps"):
        RegressionDataset(timesteps=5.0)


@pytest.mark.usefixtures("unchecked")
def test_without_the_checks_the_package_answers_itself():
    with pytest.raises(ValueError, match=r"^timesteps must be .* not 5\.0$"):
        RegressionDataset(timesteps=5.0)


def test_the_checks_are_not_the_packages_own():
    assert not any("beartype" in source.read_text() for source in SOURCES)

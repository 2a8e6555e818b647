"""Shapes in the annotations of spikereg are checked under pytest, and only there."""

import random
import sys
import sysconfig
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch
from browser import background, browser, served, unzipped
from hypothesis import settings

if "spikereg" in sys.modules:
    raise RuntimeError("spikereg was imported before its shapes could be checked")
jaxtyping.install_import_hook("spikereg", "beartype.beartype")

__all__ = ["background", "browser", "served", "unzipped"]  # fixtures

settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, max_examples=50
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def libraries(tmp_path_factory):
    """Make a folder with all that is installed here, except for spikereg."""
    folder = tmp_path_factory.mktemp("libraries")
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "spikereg" not in path.name:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture
def unchecked():
    """Run the test as a reader runs the package: without the checks of shapes.

    What is left are the errors that the package raises itself.
    """
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture
def global_rng_stays(unchecked):
    """Fail if the test moves a global random generator (as the checks do)."""

    def states():
        keys, position = np.random.get_state()[1:3]  # noqa: NPY002
        return torch.get_rng_state().tolist(), [*keys, position], random.getstate()

    before = states()
    yield
    assert states() == before

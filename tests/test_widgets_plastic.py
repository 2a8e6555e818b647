"""Which paths PlasticExplorer takes, and which it refuses."""

import re

import numpy as np
import pytest
import traitlets

from spikereg.widgets import PlasticExplorer


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("ramp", "path must be one of ('cycle', 'growing', 'irregular') or a sequence"),
        (None, "path must be the name of a preset or a sequence of numbers, not None"),
        ([0.5] * 79, "path must have 80 time steps, not 79"),
        ([0.5] * 79 + [1.2], "path must have values between -1 and 1, not 1.2"),
        ([float("nan")] * 80, "path must have values between -1 and 1, not nan"),
        (["0"] * 80, "path must have values between -1 and 1, not '0'"),
        (np.ones((80, 1)), "path must have values between -1 and 1, not [1.0]"),
    ],
)
def test_a_path_that_is_none_is_refused_with_its_value(path, message):
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        PlasticExplorer(path=path)


def test_a_path_is_kept_as_a_link_can_carry_it():
    explorer = PlasticExplorer(path=np.full(80, -0.3333))
    assert explorer.path == (-0.334,) * 80
    assert PlasticExplorer(path=explorer.path).path == explorer.path
    assert repr(PlasticExplorer(path="growing")).startswith(
        "PlasticExplorer(path='growing', pairs=2, "
    )

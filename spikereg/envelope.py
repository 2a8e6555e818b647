"""Hearing from the inside: the sound's level, read from the spikes of an ear's neuron.

The recordings are those of :mod:`spikereg.receptor`; here the spikes come in, and the
sound is what is asked for.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import one_of, whole_number
from spikereg.data import TimeMajorDataset
from spikereg.receptor import BINS, DEVIATION, PARTS, recording

#: Bins of a block; splits, as many as there are blocks.
BLOCK = 1_000
SPLITS = BINS // BLOCK
#: Bins before each window that do not count, those that do, and windows of a block.
WARM_UP, COUNTED, WINDOWS = 90, 170, 5
#: The longest delay, ms.
LONGEST = BLOCK - WARM_UP - COUNTED * WINDOWS
#: How far from the tested block those are that are there to choose by.
CHOSEN = 3, 6


class EnvelopeDataset(TimeMajorDataset):
    r"""Windows of a recording, to read the level of the sound from the spikes.

    The feature of bin :math:`t` is :math:`S_t`, 1 if the neuron fired and 0 elsewhere.
    Its label is the level of the sound ``delay`` bins ago,

    .. math:: y_t = (L_{t-d} - \bar L) / 6\,\mathrm{dB} ,

    with the mean :math:`\bar L` of the training part's levels that count. So a model
    that runs forward in time answers :math:`d` ms late, and has heard the spikes until
    :math:`d` ms after the moment that it is asked about. What answers 0 answers the
    mean of the training.

    The ten seconds are ten blocks of 1,000 bins. Of split :math:`s` block :math:`s` is
    for the test, the third and the sixth after it (after block 9 comes block 0) are
    there to choose by, and seven to train on: over the ten splits each block is tested
    once. Of a block the moments :math:`t - d` from bin 90 to 939 count, whatever the
    delay, so that errors of all delays are of the same moments. They are five windows
    of 170. Each window begins 90 bins earlier, to warm up on. It lies in one block, and
    so knows nothing of another part.

    Args:
        part: ``"train"``, ``"validation"`` or ``"test"``.
        number: The recording, 1 or 2.
        split: From 0 to 9.
        delay: How late an answer comes, :math:`d`, from 0 to 60 ms.

    Attributes:
        features: The spikes ``[260, N, 1]``.
        labels: The level, in units of 6 dB, ``[260, N, 1]``.
        mask: The steps that count, ``[260, N]``.
        starts: The bin of the recording at which each window begins, ``[N]``.
        mean: The training part's mean level, in dB.
        delay: What was asked for.

    Raises:
        ValueError: For an unknown part or recording, or a split or delay out of range.
        ModuleNotFoundError: Without nitime.
    """

    def __init__(
        self,
        part: str = "train",
        number: int = 1,
        split: int = 0,
        delay: int = 20,
    ) -> None:
        one_of("part", part, PARTS)
        for name, value, most in (
            ("split", split, SPLITS - 1),
            ("delay", delay, LONGEST),
        ):
            whole_number(name, value, at_least=0)
            if value > most:
                raise ValueError(f"{name} must be at most {most}, not {value!r}")
        heard = recording(number)
        self.delay = int(delay)
        self.mean = heard.level[_bins(_starts("train", split))].mean().item()
        self.starts = _starts(part, split) + self.delay
        steps = _bins(self.starts, WARM_UP)
        level = (heard.level[steps - self.delay] - self.mean) / DEVIATION
        counts = torch.arange(len(steps)) >= WARM_UP
        super().__init__(
            heard.spikes[steps][..., None],
            level[..., None],
            counts[:, None].repeat(1, steps.shape[1]),
        )


def lagged(features: Float[Tensor, "T N 1"], lags: int) -> Float[Tensor, "T N K"]:
    r"""Lay the last bins side by side, :math:`x_t, x_{t-1}, \dots, x_{t-K+1}`.

    It is what a linear decoder weighs: with a delay :math:`d` and :math:`K = d + 31`
    it sees the spikes from 30 ms before the moment that it is asked about to
    :math:`d` ms after it. What was before the window is 0.

    Args:
        features: One feature ``[T, N, 1]``.
        lags: Number of bins K, at least 1.

    Raises:
        ValueError: For a number of lags that is no positive integer.
    """
    whole_number("lags", lags, at_least=1)
    padded = torch.nn.functional.pad(features[..., 0], (0, 0, lags - 1, 0))
    return padded.unfold(0, lags, 1).flip(-1)


def _starts(part: str, split: int) -> Tensor:
    """Return the bins at which a part's windows begin without delay."""
    chosen = [(split + ahead) % SPLITS for ahead in CHOSEN]
    blocks = {
        "test": [split],
        "validation": sorted(chosen),
        "train": [k for k in range(SPLITS) if k not in (split, *chosen)],
    }[part]
    within = COUNTED * torch.arange(WINDOWS)
    return (BLOCK * torch.tensor(blocks)[:, None] + within).flatten()


def _bins(starts: Tensor, before: int = 0) -> Tensor:
    """Return the bins of windows, those that count and as many ``before`` them."""
    first = WARM_UP - before
    return starts + torch.arange(first, WARM_UP + COUNTED)[:, None]

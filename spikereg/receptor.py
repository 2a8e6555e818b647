"""A neuron of a grasshopper's ear: the sound that it heard, and when it fired.

Two recordings of ten seconds that come with nitime, cut into bins of 1 ms.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import local_generator, one_of, whole_number
from spikereg.data import TimeMajorDataset

PARTS = ("train", "validation", "test")
INPUTS = ("both", "sound", "spikes")
RECORDINGS = (1, 2)
#: Ways to share the recording out; its bins.
SPLITS, BINS = 5, 10_000
#: Bins of a block, those before each window that do not count, and those that do.
BLOCK, WARM_UP, COUNTED = 500, 50, 150
#: How many bins of the sound a network hears at once; time constants of the traces, ms.
LAGS, TAUS = 12, (2.0, 5.0, 12.0, 30.0)
DECAYS = torch.exp(-1 / torch.tensor(TAUS))
#: What the voltage of the sound is compared with, and its standard deviation in dB.
REFERENCE, DEVIATION = 2e-5, 6.0


@dataclass(frozen=True)
class Recording:
    """Ten seconds of sound and spikes, in bins of 1 ms.

    Attributes:
        level: Level of the sound in each bin ``[10000]``, in dB: the mean over the
            bin's 20 samples.
        spikes: 1 where the neuron fired and 0 elsewhere, ``[10000]``. It never fired
            twice within 3 ms.
    """

    level: Float[Tensor, "T"]
    spikes: Float[Tensor, "T"]


def recording(number: int = 1) -> Recording:
    r"""Read one of the two recordings from the installed nitime.

    An electrode inside an auditory receptor cell of *Locusta migratoria* recorded its
    spikes while a pure tone was played. The tone's level is Gaussian noise with a
    standard deviation of 6 dB and no frequency above 200 Hz (recording 1) or 800 Hz
    (2). The files have the amplitude :math:`V` every 50 µs and the times of the spikes.
    As nitime's own example does it, the level is

    .. math:: L = 20 \log_{10} \frac{V}{2 \cdot 10^{-5}} + c

    with the :math:`c` for which the loudest sample has the intensity that the file of
    spikes names, 76.4 dB (1) or 71.2 dB (2). Only differences of levels matter here.

    The files are part of nitime, which is under the BSD licence. They are read where it
    is installed and copied nowhere: the archive of the whole data set, crcns.org, does
    not allow others to pass it on.

    Args:
        number: 1 or 2.

    Raises:
        ValueError: For another number, or if the files are not those that are known.
        ModuleNotFoundError: Without nitime, which is not installed with spikereg:
            ``pip install nitime``.

    Source:
        A. Rokem et al., *Spike-timing precision underlies the coding efficiency of
        auditory receptor neurons*, Journal of Neurophysiology 95 (2006); data set ia-1
        of crcns.org; nitime, which ships two of its recordings.
    """
    if isinstance(number, bool) or number not in RECORDINGS:
        raise ValueError(f"number must be one of {RECORDINGS}, not {number!r}")
    read = _read(int(number))
    return Recording(read.level.clone(), read.spikes.clone())


class ReceptorDataset(TimeMajorDataset):
    r"""Windows of a recording, to predict in each bin whether the neuron fires.

    The ten seconds are twenty blocks of 500 bins. Of split :math:`s` every fifth block
    is for the test, from block :math:`s` on, two are there to choose by, and fourteen
    to train on: over the five splits each block is in one test. A block is cut into
    three windows of 200 bins. The first 50 bins of each are there to warm up on and do
    not count; in the second and third window they are the end of the window before. So
    the first 50 ms of a block count nowhere, and all features are computed within their
    block: no window knows anything of another part.

    The features of bin :math:`t` are the level of the sound in this bin and in those
    before, :math:`(L_{t-j} - \bar L) / 6\,\mathrm{dB}` for :math:`j = 0, \dots, 11`
    with the recording's mean :math:`\bar L`, and traces of the neuron's own past
    spikes :math:`S`, as they were measured (*teacher forcing*),

    .. math:: r_{k,t} = e^{-1/\tau_k}\, r_{k,t-1} + S_{t-1}

    for :math:`\tau_k` = 2, 5, 12 and 30 ms. What was before the block is 0.

    Args:
        part: ``"train"``, ``"validation"`` or ``"test"``.
        number: The recording, 1 or 2.
        split: From 0 to 4.
        inputs: ``"both"``, the ``"sound"`` alone, or the past ``"spikes"`` alone.

    Attributes:
        features: The sound, newest first, then the traces: ``[200, N, 16]``, or 12 or 4
            of these for one kind of input.
        labels: 1 where the neuron fired and 0 elsewhere, ``[200, N, 1]``.
        mask: The steps that count, ``[200, N]``.
        starts: The bin of the recording at which each window begins, ``[N]``.
        inputs: What was asked for.

    Raises:
        ValueError: For an unknown part, recording, split or kind of inputs.
        ModuleNotFoundError: Without nitime.
    """

    def __init__(
        self,
        part: str = "train",
        number: int = 1,
        split: int = 0,
        inputs: str = "both",
    ) -> None:
        one_of("part", part, PARTS)
        whole_number("split", split, at_least=0)
        if split >= SPLITS:
            raise ValueError(f"split must be less than {SPLITS}, not {split!r}")
        one_of("inputs", inputs, INPUTS)
        self.inputs = inputs
        heard = recording(number)
        blocks = [k for k in range(BINS // BLOCK) if _part_of(k, split) == part]
        level = (heard.level - heard.level.mean()) / DEVIATION
        sound, spikes = (
            x.reshape(-1, BLOCK).T[:, blocks] for x in (level, heard.spikes)
        )
        columns = []
        if inputs != "spikes":
            columns += [_late(sound, lag) for lag in range(LAGS)]
        if inputs != "sound":
            columns += _traces(spikes)
        features = _windows(torch.stack(columns, dim=-1))
        labels = _windows(spikes[..., None])
        mask = torch.arange(WARM_UP + COUNTED) >= WARM_UP
        super().__init__(features, labels, mask[:, None].repeat(1, labels.shape[1]))
        within = torch.arange(0, BLOCK - WARM_UP, COUNTED)
        self.starts = (BLOCK * torch.tensor(blocks)[:, None] + within).flatten()


@torch.no_grad()
def free_run(
    model: Any, data: ReceptorDataset, runs: int = 20, seed: int | None = None
) -> Float[Tensor, "T N R"]:
    """Let a model fire by itself: after the warm-up it hears its own spikes.

    In each bin a spike is drawn with the probability that the model gives, and enters
    the traces of the bins after it in the place of a measured one.

    Args:
        model: Has a method ``advance(feature, state)``, which returns logits ``[B, 1]``
            and the next state, as :class:`~spikereg.hazard.SpikePredictor` has. It is
            run in evaluation mode.
        data: Windows. Without traces the model hears the sound alone.
        runs: Number of runs R, each from the same measured warm-up, at least 1.
        seed: Seed of a generator of its own. ``None`` draws afresh.

    Returns:
        The spikes, 0 and 1, ``[200, N, R]``; the measured ones during the warm-up.

    Raises:
        ValueError: For runs that are no positive integer, or a bad seed.
    """
    whole_number("runs", runs, at_least=1)
    generator = local_generator(seed)
    features = data.features.repeat_interleave(runs, dim=1)
    spikes = data.labels.repeat_interleave(runs, dim=1)
    traces = 0 if data.inputs == "sound" else len(TAUS)
    state, was_training = None, model.training
    model.eval()
    for t, feature in enumerate(features):
        if traces and t > WARM_UP:
            before = features[t - 1, :, -traces:]
            feature[:, -traces:] = DECAYS * before + spikes[t - 1]
        logit, state = model.advance(feature, state)
        if t >= WARM_UP:
            spikes[t] = torch.bernoulli(logit.sigmoid(), generator=generator)
    model.train(was_training)
    return spikes.reshape(len(spikes), -1, runs)


@cache
def _read(number: int) -> Recording:
    """Read the files of a recording."""
    found = find_spec("nitime")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            "the recordings come with nitime: pip install nitime",
            name="nitime",
        )
    folder = Path(next(iter(found.submodule_search_locations))) / "data"
    path = folder / f"grasshopper_spike_times{number}.txt"
    intensity = float(path.read_text().split("intensity (dB):")[1].split()[0])
    times = np.loadtxt(path)
    sound = np.loadtxt(folder / f"grasshopper_stimulus{number}.txt")[:, 1]
    decibels = 20 * np.log10(sound / REFERENCE)
    decibels += intensity - decibels.max()
    spikes = np.bincount(times.astype(int) // 1000)
    if sound.size != 20 * BINS or spikes.size > BINS or spikes.max() > 1:
        raise ValueError(f"number {number} must be ten known seconds, not {folder}")
    spikes.resize(BINS)
    level = decibels.reshape(BINS, -1).mean(axis=1)
    return Recording(torch.tensor(level).float(), torch.tensor(spikes).float())


def _part_of(block: int, split: int) -> str:
    """Return which part of a split a block belongs to."""
    if block % SPLITS == split:
        return "test"
    return "validation" if (block - split) % (2 * SPLITS) == 3 else "train"


def _late(blocks: Float[Tensor, "T N"], lag: int) -> Float[Tensor, "T N"]:
    """Shift blocks to later by some bins; zeros come in."""
    return torch.cat([torch.zeros_like(blocks[:lag]), blocks[: len(blocks) - lag]])


def _traces(spikes: Float[Tensor, "T N"]) -> list[Tensor]:
    """Return traces of the spikes before each bin, one for each time constant."""
    traces = torch.zeros(*spikes.shape, len(TAUS))
    for t in range(1, len(spikes)):
        traces[t] = DECAYS * traces[t - 1] + spikes[t - 1, :, None]
    return list(traces.unbind(dim=-1))


def _windows(blocks: Float[Tensor, "T N F"]) -> Float[Tensor, "W M F"]:
    """Cut each block into windows, each with the end of the one before."""
    cut = blocks.unfold(0, WARM_UP + COUNTED, COUNTED)  # [windows, blocks, F, W]
    return cut.permute(3, 1, 0, 2).flatten(1, 2)

"""Answers to the exercises of chapter 3."""

from spikereg.exercises.answers import Answer, equal, near
from spikereg.models import SpikingRegressor

_EXACT = 1e-9


def _learned(hidden: int, neuron: str = "lif") -> float:
    """Count what training changes in a network of the course."""
    model = SpikingRegressor(hidden, neuron=neuron, seed=0)
    return float(sum(p.numel() for p in model.parameters()))


ANSWERS: dict[str, Answer] = {
    "3.1": Answer(
        near(_learned(256), within=_EXACT),
        look="Add up the shapes of all of model.parameters(): section 3.5 does it.",
        slips=[
            (near(_learned(128), within=_EXACT), "That is the network of 128."),
            (
                near(_learned(256) - 513, within=_EXACT),
                "Both the linear layers' biases and the neurons' decays count.",
            ),
            (
                near(_learned(256) + 512, within=_EXACT),
                "Is a threshold learned? Look for it in model.named_parameters().",
            ),
            (
                near(_learned(256) - 2 * 513, within=_EXACT),
                "The linear layers have biases, and the neurons decays.",
            ),
        ],
    ),
    "3.2": Answer(
        equal(False),
        look="Compare model(features) with model(0.1 * features), and look at "
        'trace(features).spikes["lif_in"].',
    ),
    "3.3": Answer(
        equal("lif_hidden.beta"),
        look="Print the name of each of wrong.named_parameters() whose grad is None. "
        "If there is none, the hidden layer is still in use.",
        slips=[
            (
                equal("lif_hidden"),
                "That is the layer; which of its parameters is it?",
            ),
            (
                equal("li_out.beta"),
                "That one is used twice a step now, so it has a gradient.",
            ),
        ],
    ),
    "3.4": Answer(
        equal(False),
        look="With jslink, what does the slider do when you move one of the layers? "
        "And the other layer, when the slider moves?",
    ),
    "3.5": Answer(
        near(_learned(128, "lstm"), within=_EXACT),
        look="Count the parameters of all five and take the largest: which neuron has "
        "four gates?",
        slips=[
            (
                near(_learned(128, "adaptive"), within=_EXACT),
                "That is the adaptive one. Have you tried all five?",
            ),
            (
                near(_learned(128, "recurrent"), within=_EXACT),
                "That is the recurrent one. Have you tried all five?",
            ),
        ],
    ),
    "3.6": Answer(
        equal(True),
        look="Are weights, decays and thresholds drawn as in spiking_layer and "
        "nn.Linear? Then take the median over the seeds, layer by layer.",
    ),
}

"""The notation page: every number of its table, every symbol, every link."""

import re

import pytest
import snntorch as snn
import torch
from written import BOOK, CHAPTERS, lost_links, section, tables, text_of

from spikereg import scan

PAGE = BOOK / "notation.md"
TEXT = PAGE.read_text()
(STEPS,) = tables(section(TEXT, "Ten steps, with numbers"))
COLUMNS = {
    "subtract": ("$U_t$", "$S_t$"),
    "zero": ("$U_t$ zero", "$S_t$ zero"),
    "none": ("$U_t$ none", "$S_t$ none"),
}


def column(name):
    return torch.tensor([float(row[name].strip("*")) for row in STEPS])


def one_neuron(reset, **options):
    found = re.search(r"\$\\beta = ([\d.]+)\$ and \$\\theta = (\d+)\$", TEXT)
    beta, theta = map(float, found.groups())
    return snn.Leaky(beta=beta, threshold=theta, reset_mechanism=reset, **options)


def by_snntorch(neuron):
    """Run the table's current through snnTorch's own step."""
    spikes, membranes, membrane = [], [], torch.zeros(1)
    for current in column("$I_t$"):
        spike, membrane = neuron(current.view(1), membrane)
        spikes.append(spike)
        membranes.append(membrane)
    return torch.cat(spikes), torch.cat(membranes)


def by_scan(neuron):
    spikes, membrane = scan(neuron, column("$I_t$").view(-1, 1, 1))
    return spikes.flatten(), membrane.flatten()


@pytest.mark.parametrize("run", [by_snntorch, by_scan])
@pytest.mark.parametrize("reset", COLUMNS)
def test_every_number_of_the_ten_steps_is_that_of_the_neuron(reset, run):
    membrane, spikes = map(column, COLUMNS[reset])
    found_spikes, found_membrane = run(one_neuron(reset))
    assert membrane.tolist() == found_membrane.tolist()
    assert spikes.tolist() == found_spikes.tolist()


def test_the_spike_of_each_step_is_remembered_in_the_next():
    assert column("$t$").tolist() == list(range(10))
    assert column("$S_{t-1}$").tolist() == [0.0, *column("$S_t$").tolist()[:-1]]


def test_the_ten_steps_show_what_the_text_reads_in_them():
    membrane, spikes = column("$U_t$"), column("$S_t$")
    assert membrane[2] == membrane[5] == 1  # at the threshold, and silent
    assert spikes[2] == spikes[5] == 0
    assert column("$S_t$ zero")[5] == column("$S_t$ none")[5] == 1
    assert spikes[8] == spikes[9] == 1
    assert column("$S_t$ zero")[8:].tolist() == [1, 0]
    first = int(spikes.argmax())
    for other in ("$U_t$ zero", "$U_t$ none"):
        assert membrane[: first + 1].equal(column(other)[: first + 1])
    assert membrane[4] == 0
    assert column("$U_t$ zero")[4] == column("$I_t$")[4]


def test_the_code_of_the_page_makes_its_table():
    (code,) = re.findall(r"(?s)```python\n(.*?)```", TEXT)
    made = {}
    exec(code, made)
    assert made["membrane"].flatten().tolist() == column("$U_t$").tolist()
    assert made["spikes"].flatten().tolist() == column("$S_t$").tolist()


def test_a_membrane_beyond_the_threshold_resets_the_first_step():
    start = torch.full((1, 1), 1.5)
    _, membrane = scan(one_neuron("subtract"), torch.zeros(1, 1, 1), start)
    assert membrane.item() == 0.5 * 1.5 - 1


def test_a_reset_at_once_differs_as_the_page_says():
    spikes, _ = by_snntorch(one_neuron("zero", reset_delay=False))
    assert spikes.tolist() == column("$S_t$ zero").tolist()
    spikes, membrane = by_snntorch(one_neuron("subtract", reset_delay=False))
    first = int(spikes.argmax())
    assert membrane[first] == column("$U_t$")[first] - 1  # already taken off
    assert membrane[first + 1] - column("$U_t$")[first + 1] == 1 - 0.5  # β θ, not θ


def test_a_recurrent_neuron_that_resets_to_zero_loses_its_current():
    neuron = snn.RLeaky(0.5, all_to_all=False, V=0.0, reset_mechanism="zero")
    with torch.no_grad():
        neuron.recurrent.V.zero_()
    spikes, membrane = scan(neuron, column("$I_t$").view(-1, 1, 1))
    first = int(spikes.flatten().argmax())
    assert membrane.flatten()[first + 1] == 0 < column("$I_t$")[first + 1]


# The symbols

SYMBOLS = [row for table in tables(section(TEXT, "Symbols")) for row in table]
FORMULAS = r"\$\$.*?\$\$|\$[^$\n]+\$"


def formulas(path):
    text = re.sub(r"(?s)```.*?```|`[^`\n]*`", "", text_of(path))
    return " ".join(re.findall(FORMULAS, text, flags=re.S))


MATHS = {number: formulas(path) for number, path in CHAPTERS.items()}


def uses(chapter, symbol):
    """Say whether a chapter's formulas have a symbol, but for a longer one's part."""
    alone = rf"(?<![A-Za-z\\]){re.escape(symbol)}(?![A-Za-z0-9])"
    return re.search(alone, MATHS[chapter])


def chapters_in(cell):
    found = re.findall(r"\[(\d+)\]\((\d\d)_", cell)
    assert all(int(shown) == int(led) for shown, led in found)
    return [int(shown) for shown, _ in found]


@pytest.mark.parametrize(
    "row", [row for row in SYMBOLS if "from" in row], ids=lambda row: row["symbol"]
)
def test_a_symbol_comes_from_the_chapter_that_has_it_first(row):
    (chapter,) = chapters_in(row["from"])
    for symbol in re.findall(r"\$(.+?)\$", row["symbol"]):
        assert next(n for n in MATHS if uses(n, symbol)) == chapter, symbol


@pytest.mark.parametrize("row", [row for row in SYMBOLS if "in" in row], ids=str)
def test_another_meaning_is_that_of_a_chapter_with_the_symbol(row):
    for chapter in chapters_in(row["in"]):
        assert all(uses(chapter, s) for s in re.findall(r"\$(.+?)\$", row["symbol"]))


def test_the_equations_it_names_are_those_of_the_chapter():
    for number in re.findall(r"\((\d+\.\d+)\)", TEXT):
        chapter = CHAPTERS[int(number.partition(".")[0])]
        assert rf"\tag{{{number}}}" in text_of(chapter)


def test_its_links_lead_to_pages_terms_and_sections():
    assert lost_links(PAGE) == []

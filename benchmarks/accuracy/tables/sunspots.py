"""Tables of chapter 12: the yearly number of sunspots."""

from accuracy import sunspots
from accuracy.sunspots import BLOCKS, CHOSEN, CODES, EARLIER, GRID, HORIZONS, named
from accuracy.tables.table import Table
from spikereg.results import Trial

MEASURES = "rmse", "l1", "coverage", "width", "spike_rate", "seconds"

#: Steps of a window.
STEPS = sunspots.WARM_UP + sunspots.WINDOW

#: What has nothing to choose.
PLAIN = (
    "mean",
    "last",
    "season",
    "ar 9",
    "linear, current",
    *(
        f"linear, {code} {argument:g}"
        for code, arguments in CODES.items()
        for argument in arguments
    ),
)

TABLES = {
    "sunspots-choice": Table(
        "settings of each method that forecasts sunspots, on two earlier stretches",
        [
            Trial(task=named(block, horizon), timesteps=STEPS, **settings)
            for horizon in HORIZONS
            for grid in GRID.values()
            for settings in grid
            for block in EARLIER
        ],
        seeds=2,
        measures=MEASURES,
    ),
    "sunspots": Table(
        "the yearly number of sunspots, one year ahead and five, 1909 to 2008",
        [
            Trial(task=named(block, horizon), timesteps=STEPS, **settings)
            for n, horizon in enumerate(HORIZONS)
            for block in BLOCKS
            for settings in (
                *({"method": method} for method in PLAIN),
                *(
                    GRID[method][chosen[n]]
                    for method, chosen in CHOSEN.items()
                    if GRID[method][chosen[n]]["method"] not in PLAIN
                ),
            )
        ],
        seeds=5,
        measures=MEASURES,
    ),
}

"""``python -m spikereg.trials``: see :mod:`spikereg.trials.command`."""

from spikereg.trials.command import main

if __name__ == "__main__":
    main()

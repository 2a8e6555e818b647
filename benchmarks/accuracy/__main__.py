"""``make accuracy``: see :mod:`accuracy.command`."""

from accuracy.command import main

if __name__ == "__main__":
    main()

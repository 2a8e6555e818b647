"""Tables of one's own: from a CSV file to data sets, and from answers to a table."""

from spikereg.frames.columns import Columns, load
from spikereg.frames.frame import from_frame
from spikereg.frames.frame_data import FrameData
from spikereg.frames.layout import Layout
from spikereg.frames.scaler import Scaler

__all__ = ["Columns", "FrameData", "Layout", "Scaler", "from_frame", "load"]

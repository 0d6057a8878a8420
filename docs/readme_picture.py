"""Draw the picture of the README and of the landing page: the photo of an example, as it was read.

``python docs/readme_picture.py``
"""

import runpy
from pathlib import Path

import matplotlib

matplotlib.use("agg")
DOCS = Path(__file__).parent
names = runpy.run_path(str(DOCS.parent / "examples" / "plot_07_read_a_photo.py"))
display = names["ReadingDisplay"].from_reading(names["reading"])
display.ax_.set_title(
    f"read_digits: {', '.join(names['reading'].text.splitlines())}", fontsize=12
)
display.figure_.savefig(
    DOCS / "_static" / "reading.png",
    dpi=100,
    bbox_inches="tight",
    pil_kwargs={"optimize": True},
)

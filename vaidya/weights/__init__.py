"""Name -> verified files: a local folder, the hub at a pinned revision, or Python packages that carry them.

In: a name of `table.yaml`, a path, or `hub:OWNER/NAME@REVISION`. Out: `ResolvedWeights`, whose sha256 was compared with
the table's. Nothing here imports a model library, and no package's code is run.
"""

from vaidya.weights.entries import Entry, entry, table
from vaidya.weights.inventory import Stock, listing, needed_by, stock, verify
from vaidya.weights.resolution import ResolvedWeights, remove, resolve

__all__ = [
    "Entry",
    "ResolvedWeights",
    "Stock",
    "entry",
    "listing",
    "needed_by",
    "remove",
    "resolve",
    "stock",
    "table",
    "verify",
]

"""Networks with their tables, in the formats of other programs: one reader and one writer each, and by suffix.

| suffix | format | order of the parents in a table |
|---|---|---|
| ``.bif`` | BIF | rows by states; in a whole ``table`` the last fastest |
| ``.xmlbif``, ``.bifxml``, ``.xml`` | XMLBIF | the last fastest |
| ``.xdsl`` | XDSL (GeNIe, SMILE) | the last fastest |
| ``.net`` | NET (Hugin) | the last fastest |
| ``.uai`` | UAI | the last fastest |
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from causalpp._files import about, read_text, write_text
from causalpp.errors import FormatError
from causalpp.graphs.formats.bif import BifNetwork, read_bif, write_bif
from causalpp.graphs.formats.networks.hugin import read_net, write_net
from causalpp.graphs.formats.networks.uai import read_uai, write_uai
from causalpp.graphs.formats.networks.xdsl import read_xdsl, write_xdsl
from causalpp.graphs.formats.networks.xmlbif import read_xmlbif, write_xmlbif

__all__ = [
    "NETWORK_FORMATS",
    "read_net",
    "read_network",
    "read_uai",
    "read_xdsl",
    "read_xmlbif",
    "write_net",
    "write_network",
    "write_uai",
    "write_xdsl",
    "write_xmlbif",
]

#: Suffix → its reader and its writer.
NETWORK_FORMATS: dict[str, tuple[Callable[[str], BifNetwork], Callable[[BifNetwork], str]]] = {
    ".bif": (read_bif, write_bif),
    ".xmlbif": (read_xmlbif, write_xmlbif),
    ".bifxml": (read_xmlbif, write_xmlbif),
    ".xdsl": (read_xdsl, write_xdsl),
    ".net": (read_net, write_net),
    ".uai": (read_uai, write_uai),
    ".xml": (read_xmlbif, write_xmlbif),
}


def read_network(path: str | os.PathLike[str]) -> BifNetwork:
    """Read a Bayesian network, its graph and its tables, from a file; the format follows from the suffix.

    Args:
        path: a file that ends in .bif, .xmlbif, .bifxml or .xml, .xdsl, .net (Hugin) or .uai, with or without .gz.

    Raises:
        FormatError: another suffix, a file that cannot be read, or malformed text.
        CyclicGraph: the parents close a directed cycle.
        TooLarge: a table has more than 2²⁴ numbers.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> network = BifNetwork("n", {"a": ("no", "yes")}, {"a": ()}, {"a": np.array([0.25, 0.75])})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     read_network(write_network(network, folder + "/n.xdsl")) == network
        True
    """
    read, _ = _pair(path)
    text = read_text(path)
    with about(path):
        return read(text)


def write_network(network: BifNetwork, path: str | os.PathLike[str]) -> Path:
    """Write a Bayesian network to a file, whole or not at all; the format follows from the suffix.

    Raises:
        FormatError: another suffix, a file that cannot be written, or what the format cannot hold.
    """
    _, write = _pair(path)
    if Path(path).suffix.lower() == ".gz":
        raise FormatError(f"cannot write {os.fspath(path)!r}: packed files are only read; leave out .gz")
    return write_text(path, write(network))


def _pair(path: str | os.PathLike[str]) -> tuple[Callable[[str], BifNetwork], Callable[[BifNetwork], str]]:
    packed = Path(path).suffix.lower() == ".gz"
    suffix = Path(Path(path).stem if packed else path).suffix.lower()
    if suffix not in NETWORK_FORMATS:
        raise FormatError(f"{os.fspath(path)!r} is no network file: these end in {', '.join(NETWORK_FORMATS)}")
    return NETWORK_FORMATS[suffix]

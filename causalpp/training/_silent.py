"""Without the bars of the library that loads and saves models: there is one bar, ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from causalpp.errors import MissingDependency
from causalpp.language.backends.loading import library

__all__ = ["silent"]


@contextmanager
def silent() -> Iterator[Any]:
    """The transformers library, without its bars and hints; afterwards it is as it was.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        logging = library().utils.logging
    except MissingDependency:
        raise MissingDependency("training takes transformers: pip install 'causalpp[train]'") from None
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()

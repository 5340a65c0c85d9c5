"""Do competing hypotheses look alike, to which kernels, and what can predictors in these kernels tell apart?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from causalpp.benchmarks.runs import Config, Part, Study, register, rows_of
from causalpp.errors import FormatError, InvalidParameter, UnknownName

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from causalpp._pages import Block

__all__ = ["OBSTRUCTION", "QUICK", "ObstructionSettings", "ObstructionStudy", "obstruction_study"]

_FORMAT = "causalpp.obstruction-study"
_SUBJECTS = ("encoder", "decoder", "classify", "sft", "dpo", "kto", "ppo", "grpo")
_SHOWN = ("edge", "relation", "reversed")  # near misses of which models from elsewhere are shown some
_LISTS = ("subjects", "sizes", "learn_sizes", "real", "real_sizes")

#: Settings under which all of it takes seconds, and shows nothing but that it runs.
QUICK: Mapping[str, Any] = {
    "subjects": ("encoder", "decoder", "sft"), "sizes": (4, 5), "bases": 2, "learn": 12, "parameters": 5e4, "steps": 2,
    "tuned": 1,
}  # fmt: skip


@dataclass(frozen=True)
class ObstructionSettings:
    """A section of a configuration that measures the kernel obstruction.

    Attributes:
        subjects: small models: ``"encoder"`` and ``"decoder"`` with random weights, ``"classify"`` and ``"sft"``
            trained from these, ``"dpo"``, ``"kto"``, ``"ppo"`` and ``"grpo"`` trained on from ``"sft"``.
        sizes: of the pairs, in variables, from 4 on.
        bases: classes of each size that pairs are about, as far as there are so many that are not learned from.
        learn_sizes: of the items that are learned from, in variables.
        learn: how many these are.
        parameters: about how many a small model has.
        steps: of a training from random weights.
        tuned: of a training on from ``"sft"``.
        real: models besides, each whatever :func:`causalpp.language.load_model` takes by a name, or ``"smollm2"``.
        real_pairs: near misses that these are shown, with the controls of each.
        real_sizes: of these pairs.
        folder: where trained models and half-finished kernels are kept; "" for a temporary one.

    Raises:
        InvalidParameter: a number out of range.
        UnknownName: there is no such small model.
    """

    subjects: tuple[str, ...] = _SUBJECTS
    sizes: tuple[int, ...] = (4, 5, 6, 8)
    bases: int = 5
    learn_sizes: tuple[int, ...] = (4, 5)
    learn: int = 160
    parameters: float = 3e5
    steps: int = 200
    tuned: int = 20
    real: tuple[str, ...] = ()
    real_pairs: int = 24
    real_sizes: tuple[int, ...] = (4, 5)
    folder: str = ""

    def __post_init__(self) -> None:
        for name in self.subjects:
            if name not in _SUBJECTS:
                raise UnknownName("small model", name, _SUBJECTS)
        if not self.subjects and not self.real:
            raise InvalidParameter("there is no model to look at: name one of subjects or real")
        if not all(4 <= n <= 12 for n in (*self.sizes, *self.learn_sizes, *self.real_sizes)):
            raise InvalidParameter("sizes are numbers of variables from 4 to 12")
        if not self.sizes or not self.learn_sizes or not self.real_sizes:
            raise InvalidParameter("name one size at least, of pairs and of what is learned from")
        if min(self.bases, self.steps, self.tuned, self.real_pairs) < 1 or self.learn < 12:
            raise InvalidParameter(
                "bases, steps and pairs are numbers from 1 on, and 12 items at least are learned from"
            )
        if not self.parameters >= 1e4:
            raise InvalidParameter(f"a small model has at least 10,000 parameters, got {self.parameters:g}")


def _plan(settings: ObstructionSettings, seed: int) -> Iterable[Mapping[str, Any]]:
    said = {name: value for name, value in asdict(settings).items() if name not in ("subjects", "real")}
    shared = {name: value for name, value in said.items() if not name.startswith("real_")}
    for name in settings.subjects:
        yield {"model": name, "seed": seed, **shared}
    for name in settings.real:
        yield {
            "real": name,
            "pairs": settings.real_pairs,
            "sizes": settings.real_sizes,
            "seed": seed,
            "folder": settings.folder,
        }


def _work(parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    from causalpp.benchmarks.studies.obstruction import measures
    from causalpp.benchmarks.studies.obstruction.models import BEGINS, lab

    if "real" in parameters:
        yield from _real(parameters)
        return
    fields = {name: tuple(v) if isinstance(v, list) else v for name, v in parameters.items() if name != "model"}
    here, subject = lab(**fields), str(parameters["model"])
    if BEGINS[subject] is None or BEGINS[BEGINS[subject] or ""] is None:
        for kernel, gram in measures.grams(here, subject):
            yield from measures.distances(here, subject, kernel, gram)
            if BEGINS[subject] is None:
                yield from measures.ridges(here, subject, kernel, gram)
    if BEGINS[subject] is not None:
        yield from measures.networks(here, subject)
        yield from measures.lazy(here, subject)


def _real(parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    from causalpp.benchmarks.studies.obstruction import measures, pairs
    from causalpp.language import load_model, smollm2

    name, wanted = str(parameters["real"]), int(parameters["pairs"])
    sizes = tuple(parameters["sizes"])
    each = -(-wanted // (len(_SHOWN) * len(sizes)))  # a class gives one near miss of each kind, if it has one
    chosen: list[pairs.TextPair] = []
    by_base: dict[str, list[pairs.TextPair]] = {}
    for pair in pairs.pairs_of(sizes, each + 1, seed=parameters["seed"]):
        if pair.kind in _SHOWN or pair.kind in pairs.CONTROLS:
            by_base.setdefault(pair.base, []).append(pair)
    for some in _in_turn(list(by_base.values())):
        if sum(pair.kind in _SHOWN for pair in chosen) < wanted:
            chosen += some
    model = load_model(smollm2() if name == "smollm2" else name)
    folder = f"{parameters['folder']}/kernels-of-{Path(name).name}" if parameters["folder"] else ""
    yield from measures.real_distances(name, model, chosen, folder)


def _in_turn(bases: Sequence[Any]) -> Iterator[Any]:
    """Bases of each size in turn, so that the first ones have all sizes."""
    by_size: dict[int, list[Any]] = {}
    for some in bases:
        by_size.setdefault(some[0].n, []).append(some)
    for row in zip_longest(*by_size.values()):
        yield from (some for some in row if some is not None)


#: Measures how alike competing hypotheses look to models.
OBSTRUCTION = register(
    Study("obstruction", 1, ObstructionSettings, _plan, _work, count=lambda s: len(s.subjects) + len(s.real))
)


@dataclass(frozen=True, repr=False, eq=False)
class ObstructionStudy:
    """What :func:`obstruction_study` found; printed, it is tables.

    Attributes:
        rows: those of :class:`~causalpp.benchmarks.rows.ObstructionRow`, as they are.
        settings: what it was done with.
    """

    rows: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]

    @property
    def models(self) -> tuple[str, ...]:
        """Those that were looked at."""
        return tuple(dict.fromkeys(str(row["model"]) for row in self.rows))

    def frame(self, what: str) -> pd.DataFrame:
        """The rows of one kind, as a table: ``"distance"``, ``"gap"``, ``"kernel"`` or ``"item"``.

        Raises:
            UnknownName: there is no such kind of row.
        """
        import pandas as pd

        known = ("distance", "gap", "kernel", "item")
        if what not in known:
            raise UnknownName("kind of row", what, known)
        return pd.DataFrame([row for row in self.rows if row["what"] == what]).drop(columns="what", errors="ignore")

    def blocks(self) -> list[Block]:
        """Headings, sentences and tables."""
        from causalpp.benchmarks.studies.obstruction.tables import blocks

        return blocks(self)

    def __repr__(self) -> str:
        from causalpp._pages import to_text

        return to_text(self.blocks()).rstrip()

    def plot(self) -> Figure:
        """How far near misses and controls lie apart, model by model, and what predictors make of them."""
        from causalpp.benchmarks.studies.obstruction.drawing import figure

        return figure(self)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "format": _FORMAT, "version": 1, "settings": dict(self.settings), "rows": [dict(row) for row in self.rows],
        }  # fmt: skip

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> ObstructionStudy:
        """The inverse of :meth:`to_json`.

        Raises:
            FormatError: other text.
        """
        try:
            found = json.loads(text)
            if found["format"] != _FORMAT:
                raise KeyError("format")
            return cls(tuple(found["rows"]), found["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"this is not the JSON text of a study of the obstruction: {error}") from None


def obstruction_study(
    *,
    seed: int = 0,
    jobs: int = 1,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
    **settings: Any,
) -> ObstructionStudy:
    """Measure how alike competing hypotheses look to models, and what predictors in their kernels tell apart.

    Args:
        seed: the same seed gives the same numbers, on the same machine.
        jobs: processes; what recipes have in common is computed once a process.
        store: a folder in which finished models and measurements are kept, as by :func:`causalpp.benchmarks.run`.
        progress: called with the number of models that are done, and of all.
        settings: those of :class:`ObstructionSettings`.

    Raises:
        InvalidParameter: a number out of range.
        UnknownName: an unknown model.
        MissingDependency: transformers or trl is not installed: ``pip install 'causalpp[train]'``.

    Example:
        >>> from causalpp.benchmarks.studies.obstruction import QUICK
        >>> found = obstruction_study(**{**QUICK, "subjects": ["decoder"], "sizes": [4]})
        >>> members = found.frame("distance").query("kind == 'member'")
        >>> float(members["distance"].max())
        0.0
    """
    lists: dict[str, Sequence[Any]] = {name: tuple(value) for name, value in settings.items() if name in _LISTS}
    kept = TemporaryDirectory() if store is None else None
    with kept or nullcontext():
        place = kept.name if kept is not None else str(Path(store or "") / "models")
        chosen = ObstructionSettings(**{"folder": place, **settings, **lists})
        config = Config("obstruction", (Part("obstruction", chosen, "obstruction"),), seed=seed)
        rows = rows_of(config, store, jobs=jobs, progress=False if progress is None else progress)
    said = {"seed": seed, **{name: value for name, value in asdict(chosen).items() if name != "folder"}}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    return ObstructionStudy(tuple(rows), plain)

"""What is measured of one model: distances of pairs, predictors in its kernels, and how lazily it was trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from causalpp import kernels, training
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.rows import ObstructionRow
from causalpp.benchmarks.studies.obstruction.models import BEGINS, Lab
from causalpp.benchmarks.studies.obstruction.pairs import TextPair
from causalpp.kernels import Gram
from causalpp.tasks import Item

__all__ = ["KERNELS", "PENALTIES", "distances", "grams", "lazy", "networks", "real_distances", "ridges"]

#: The kernels of a model, the floor last.
KERNELS = ("tangent", "last layer", "mean embedding", "last embedding", "words", "3-grams")
#: Of ridge regression: multiples of the mean squared length of a feature.
PENALTIES = (1e-6, 1e-4, 1e-2, 1e-1, 1.0, 10.0, 100.0)
#: Kernels whose ridge regressions are looked at.
_RIDGES = ("tangent", "last layer", "mean embedding", "words")
#: Pairs whose answers differ and that a predictor may tell apart.
_TOLD = ("edge", "reversed", "relation", "local-reversed")

_Floats = NDArray[np.float64]


def weights_of(model: Any) -> Any:
    """A model and its tokenizer, in memory, of a pair or a checkpoint."""
    if isinstance(model, tuple):
        return model
    loaded = training.load_encoder(model) if training.is_encoder(model) else model.load()
    return loaded.model, loaded.tokenizer


@lru_cache(maxsize=3)  # several recipes begin with one model
def _tangent(lab: Lab, subject: str) -> Gram:
    return kernels.tangent(weights_of(lab.model(subject)), lab.texts(subject), progress=False)


def _before_and_after(lab: Lab, subject: str) -> tuple[Gram, Gram]:
    """The tangent kernels of what a trained model began as, and of itself, on the same prompts."""
    return _tangent(lab, BEGINS[subject] or "").part(range(len(lab.shared))), _tangent(lab, subject)


def grams(lab: Lab, subject: str, wanted: Sequence[str] = KERNELS) -> Iterator[tuple[str, Gram]]:
    """The kernels of a model on all texts of a lab; the small encoder reads sentences, and has no states of tokens."""
    pair, texts = weights_of(lab.model(subject)), lab.texts(subject)
    for name in wanted:
        if name.endswith("embedding") and training.is_encoder(pair):
            continue
        if name == "tangent":
            yield name, _tangent(lab, subject)
        elif name == "last layer":
            yield name, kernels.tangent(pair, texts, layers="last", progress=False)
        elif name.endswith("embedding"):
            yield name, kernels.embedding(pair, texts, pool=name.split()[0], progress=False)
        else:
            yield name, kernels.words(texts, 1 if name == "words" else 3)


@dataclass(frozen=True)
class _Places:
    """Where each text stands in a Gram matrix."""

    of: Mapping[str, int]

    def __call__(self, *texts: str) -> list[int]:
        return [self.of[text] for text in texts]


def _places(lab: Lab, subject: str) -> _Places:
    return _Places({text: k for k, text in enumerate(lab.texts(subject))})


# --- distances ------------------------------------------------------------------------------------------------


def distances(lab: Lab, subject: str, kernel: str, gram: Gram) -> Iterator[ObstructionRow]:
    """How far apart the two of every pair lie, by one kernel."""
    place, far, cosines, norms = _places(lab, subject), gram.distances(), gram.cosines(), gram.norms()
    for pair in lab.pairs:
        i, j = place(pair.left, pair.right)
        outputs = None if gram.outputs is None else (float(gram.outputs[i]), float(gram.outputs[j]))
        yield _distance(subject, kernel, pair, float(far[i, j]), float(cosines[i, j]), (norms[i], norms[j]), outputs)
    yield from _directions(lab, subject, kernel, gram)


def _distance(
    subject: str,
    kernel: str,
    pair: TextPair,
    distance: float,
    cosine: float,
    norms: Sequence[Any],
    outputs: tuple[float, float] | None,
) -> ObstructionRow:
    return cast(
        ObstructionRow,
        {
            "what": "distance", "model": subject, "kernel": kernel, **pair.to_dict(), "distance": distance,
            "cosine": cosine, "left_norm": float(norms[0]), "right_norm": float(norms[1]),
            "gap": None if outputs is None else outputs[0] - outputs[1],
        },
    )  # fmt: skip


def _directions(lab: Lab, subject: str, kernel: str, gram: Gram) -> Iterator[ObstructionRow]:
    """Of the difference between the two directions, φ(a → b) − φ(b → a): turned round, and after an edited premise.

    Turned round it is its negative: as alike as two features can be by their length and as unlike by their angle.
    """
    place, kinds = _places(lab, subject), {(pair.base, pair.kind): pair for pair in lab.pairs}
    for (base, kind), pair in kinds.items():
        if kind != "reversed":
            continue
        swapped, both = kinds[base, "swapped"], kinds[base, "both-swapped"]
        forth, back, edited_forth, edited_back = place(pair.left, pair.right, swapped.right, both.right)
        rows = gram.values[np.ix_(*[[forth, back, edited_forth, edited_back]] * 2)]
        one, other = np.array([1.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, -1.0])
        lengths = [float(np.sqrt(max(0.0, side @ rows @ side))) for side in (one, other)]
        apart = one - other
        between = float(np.sqrt(max(0.0, apart @ rows @ apart)))
        cosine = float(one @ rows @ other) / (lengths[0] * lengths[1]) if min(lengths) > 0 else float("nan")
        for name, text, far, angle, norms in (
            ("direction-reversed", pair, 2 * lengths[0], -1.0, (lengths[0], lengths[0])),
            ("direction-swapped", swapped, between, cosine, lengths),
        ):
            row = dict(_distance(subject, kernel, text, far, angle, norms, None))
            yield cast(ObstructionRow, row | {"kind": name, "cosine": None if angle != angle else angle})


def real_distances(name: str, model: Any, pairs: Sequence[TextPair], folder: str) -> list[ObstructionRow]:
    """Distances of pairs by the kernels of a model that may be large: no matrix is needed, and what is done is kept.

    Where the output embedding is tied to that of the input, as in SmolLM2, the last layer is a fifth of the model, and
    left out here.
    """
    out: list[ObstructionRow] = []
    by_base: dict[tuple[str, bool], list[TextPair]] = {}
    for pair in pairs:
        if pair.left != pair.right:
            by_base.setdefault((pair.base, pair.kind == "reworded"), []).append(pair)
    for kernel in (each for each in KERNELS if each != "last layer"):
        options: dict[str, Any] = {
            "tangent": {"kernel": "tangent", "dtype": "bfloat16"},
            "mean embedding": {"kernel": "embedding"},
            "last embedding": {"kernel": "last"},
        }.get(kernel, {"kernel": kernel})
        for (base, _), some in by_base.items():
            told = [kernels.Pair(pair.left, pair.right, pair.kind, pair.n, pair.shd) for pair in some]
            kept = f"{kernel.replace(' ', '-')}/{seed_of(base, [pair.kind for pair in some])}"
            found = kernels.obstruction(
                model, told, folder=f"{folder}/{kept}" if folder else None, progress=False, **options
            ).pairs
            for pair, row in zip(some, found.to_dict("records"), strict=True):
                said = (row["output_first"], row["output_second"])
                outputs = None if any(value is None or value != value for value in said) else said
                norms = (row["norm_first"], row["norm_second"])
                out.append(_distance(name, kernel, pair, row["distance"], row["cosine"], norms, outputs))
    return out


# --- predictors -----------------------------------------------------------------------------------------------


def _to_tell(lab: Lab) -> list[tuple[str, TextPair | None, str, str, int, str]]:
    """Pairs to be told apart: which set, the pair, the text that is yes, the one that is no, variables, base."""
    out: list[tuple[str, TextPair | None, str, str, int, str]] = [
        ("learned", None, yes.prompt, no.prompt, len(yes.variables), f"{yes.group}:{yes.id}")
        for yes, no in lab.learned_pairs
    ]
    for pair in lab.pairs:
        if pair.kind in _TOLD and pair.differs:
            yes, no = (pair.left, pair.right) if pair.left_answer else (pair.right, pair.left)
            out.append(("new", pair, yes, no, pair.n, pair.base))
    return out


def _gaps(
    lab: Lab, subject: str, fixed: Mapping[str, Any], gram: Gram, said: _Floats, norm: float, local: bool = False
) -> Iterator[ObstructionRow]:
    """What a predictor makes of every pair, beside what its norm allows by the corrected bound and by the published."""
    place, far, cosines, norms = _places(lab, subject), gram.distances(), gram.cosines(), gram.norms()
    for which, pair, yes, no, n, base in _to_tell(lab):
        if local != (pair is not None and pair.kind.startswith("local")):
            continue
        i, j = place(yes, no)
        cosine = float(np.nan_to_num(cosines[i, j], nan=1.0))
        yield cast(
            ObstructionRow,
            {
                "what": "gap", "model": subject, **fixed, "norm": norm, "set": which,
                "kind": "edge" if pair is None else pair.kind, "base": base, "n": n,
                "distance": float(far[i, j]), "cosine": cosine, "gap": float(said[i] - said[j]),
                "bound": float(kernels.bound(norms[i], norms[j], cosine, norm)),
                "published": float(kernels.published_bound(cosine, norm)),
            },
        )  # fmt: skip


def _targets(items: Sequence[Item]) -> _Floats:
    return np.array([1.0 if item.target.value else -1.0 for item in items])


def ridges(lab: Lab, subject: str, kernel: str, gram: Gram) -> Iterator[ObstructionRow]:
    """Ridge regressions in a kernel along λ: on the hypotheses, and on local questions about the same premises."""
    if kernel not in _RIDGES:
        return
    place = _places(lab, subject)
    size = float(gram.values.diagonal().mean())
    for local, items in ((False, lab.learned), (True, lab.local)):
        rows, first = np.unique(place(*(item.prompt for item in items)), return_index=True)
        targets = _targets([items[k] for k in first])
        found = gram.ridge(targets - targets.mean(), [size * each for each in PENALTIES], rows.tolist())
        best = int(found.errors(left_out=True).argmin())
        for k, penalty in enumerate(PENALTIES):
            fixed = {
                "kernel": kernel, "predictor": "ridge", "penalty": penalty, "chosen": k == best,
            }  # fmt: skip
            yield from _gaps(lab, subject, fixed, gram, found.predictions[k], float(found.norms[k]), local)


def networks(lab: Lab, subject: str) -> Iterator[ObstructionRow]:
    """What a trained network makes of every pair, beside what its way through the weights would allow if it were lazy.

    The gap is what training changed; the norm is ‖θ − θ₀‖, and the features are those of the weights to begin with.
    """
    start, end = _before_and_after(lab, subject)
    assert start.outputs is not None
    assert end.outputs is not None
    moved, _ = _moved(lab, subject)
    fixed = {"kernel": "tangent", "penalty": None, "chosen": True}
    change = end.outputs - start.outputs
    yield from _gaps(lab, subject, fixed | {"predictor": "change"}, start, change, moved)
    for row in _gaps(lab, subject, fixed | {"predictor": "network"}, end, end.outputs, 0.0):
        yield cast(ObstructionRow, {**row, "norm": None, "bound": None, "published": None})


def _moved(lab: Lab, subject: str) -> tuple[float, float]:
    """How far the weights moved, and the length of those to begin with."""
    start, end = (dict(weights_of(lab.model(name))[0].named_parameters()) for name in (BEGINS[subject] or "", subject))
    squares = [
        (float(((end[name] - value).detach().double() ** 2).sum()), float((value.detach().double() ** 2).sum()))
        for name, value in start.items()
    ]
    moved, length = np.sqrt(np.array(squares).sum(0))
    return float(moved), float(length)


def lazy(lab: Lab, subject: str) -> Iterator[ObstructionRow]:
    """The kernel before and after a training, and the network beside kernel regression with the kernel before.

    The regression learns what is left of the answers by the model to begin with: f₀(x) + k(x)ᵀ(K + λI)⁻¹(y − f₀), with
    the λ that does best on items left out.
    """
    start, end = _before_and_after(lab, subject)
    assert start.outputs is not None
    assert end.outputs is not None
    moved, length = _moved(lab, subject)
    yield cast(
        ObstructionRow,
        {
            "what": "kernel", "model": subject, "kernel": "tangent", "alignment": start.alignment(end),
            "change": start.change(end), "moved": moved, "moved_share": moved / length,
        },
    )  # fmt: skip
    place = _places(lab, subject)
    rows, first = np.unique(place(*(item.prompt for item in lab.learned)), return_index=True)
    learned = [lab.learned[k] for k in first]
    size, before = float(start.values.diagonal().mean()), start.outputs
    scale = max(1.0, float(before[rows].std()))
    left = scale * _targets(learned) - before[rows]
    found = start.ridge(left, [size * each for each in PENALTIES], rows.tolist())
    best = int(found.errors(left_out=True).argmin())
    by_kernel = before + found.predictions[best]
    asked = [("learned", "", item.group, item.prompt, bool(item.target.value), len(item.variables)) for item in learned]
    for pair in lab.pairs:
        if pair.kind in ("edge", "reversed"):
            asked += [
                ("new", pair.kind, pair.base, pair.left, pair.left_answer, pair.n),
                ("new", pair.kind, pair.base, pair.right, pair.right_answer, pair.n),
            ]
    for which, kind, base, text, answer, n in dict.fromkeys(asked):
        (k,) = place(text)
        yield cast(
            ObstructionRow,
            {
                "what": "item", "model": subject, "set": which, "kind": kind, "base": base, "n": n, "answer": answer,
                "penalty": PENALTIES[best], "before": float(before[k]), "network": float(end.outputs[k]),
                "regression": float(by_kernel[k]),
            },
        )  # fmt: skip

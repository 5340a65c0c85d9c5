"""A posterior that was saved tells the same; what is no such file is refused."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.errors import FormatError, InvalidParameter
from causalpp.graphs import Knowledge
from causalpp.posterior import DagPosterior, Exact
from causalpp.scores import StructurePrior

CANCER = cpp.load_network("cancer")


def real(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(2, rows))
    return pd.DataFrame({"a": a, "b": b, "c": a - b + draw.normal(size=rows)})


def again(posterior: DagPosterior) -> DagPosterior:
    posterior.save(file := io.BytesIO())
    file.seek(0)
    return DagPosterior.load(file)


def mixed() -> pd.DataFrame:  # a column of every kind
    frame = real().round(1).assign(d=np.arange(60) % 3, e=pd.Categorical(["x", "y"] * 30, ["y", "x", "z"]))
    return frame.assign(f=frame.a > 0, g=pd.array([1, 2, 3, 2, 4, 4] * 10, dtype="Int64"), h=["no", "yes", "no"] * 20)


KNOWN = {"knowledge": Knowledge(forbidden=[("a", "b")]), "structure_prior": StructurePrior(-1.0, {("c", "a"): 0.5})}


@pytest.mark.parametrize(
    ("frame", "more", "options"),
    [
        (real(), real(20, 1), {}),
        (real(), real(20, 1), {"max_parents": 1, **KNOWN}),
        (mixed(), mixed()[:9], {"score": "cg", "kinds": {"d": "discrete"}}),
        (CANCER.simulate(200), CANCER.simulate(30, seed=1), {"hyperparameters": {"equivalent_sample_size": 4}}),
        (CANCER.simulate(200), CANCER.simulate(30, seed=1), {"interventions": ["Smoker", None] * 100}),
    ],
)
def test_an_exact_posterior_is_kept_to_the_last_digit(frame: Any, more: Any, options: dict[str, Any]) -> None:
    posterior = DagPosterior.from_data(frame, progress=False, **options)
    loaded = again(posterior)
    assert loaded.exact
    assert loaded.learned == posterior.learned
    assert loaded.edges.equal(posterior.edges)
    assert loaded.paths.equal(posterior.paths)
    assert loaded.entropy == posterior.entropy
    assert loaded.top(3) == posterior.top(3)
    assert loaded.log_marginal_likelihood == posterior.log_marginal_likelihood
    assert list(loaded.sample(20, seed=1)) == list(posterior.sample(20, seed=1))
    assert loaded.to_json() == posterior.to_json()
    assert loaded.with_rows(more).edges.equal(posterior.with_rows(more).edges)  # its rows are those that they were


def test_chains_are_kept_with_their_rows_and_go_on_as_they_would_have() -> None:
    posterior = DagPosterior.from_data(real(), method="mcmc", seed=1, progress=False)
    loaded = again(posterior)
    assert not loaded.exact
    assert loaded.mixed
    assert loaded.edges.equal(posterior.edges)
    assert loaded.paths.equal(posterior.paths)
    assert loaded.inference.r_hat == posterior.inference.r_hat
    assert loaded.candidates.adjacency.equal(posterior.candidates.adjacency)
    assert loaded.further().edges.equal(posterior.further().edges)
    assert loaded.with_rows(real(20, 1)).edges.equal(posterior.with_rows(real(20, 1)).edges)


def test_a_score_of_ones_own_leaves_no_rows() -> None:
    score = cpp.scores.BGe(real())
    posterior = DagPosterior.from_data(real(), score)
    assert again(posterior).rows is None
    assert again(posterior).edges.equal(posterior.edges)


def test_cells_that_are_neither_text_nor_number() -> None:
    numbered = pd.Categorical([uuid.UUID(int=k % 3) for k in range(40)])
    frame = pd.DataFrame({"a": numbered, "b": ["x", "y"] * 20})
    posterior = DagPosterior.from_data(frame)
    with pytest.raises(InvalidParameter, match="make texts"):
        posterior.save(io.BytesIO())
    assert again(replace(posterior, rows=None)).edges.equal(posterior.edges)


def test_columns_that_were_cut_stay_as_they_are() -> None:
    frame = pd.DataFrame({"a": pd.cut(np.arange(40.0), 2), "b": ["x", "y"] * 20, "c": pd.cut(np.arange(40) % 7, 3)})
    frame.loc[3, "a"] = None
    with pytest.warns(cpp.errors.IncompleteDataWarning):
        loaded = again(DagPosterior.from_data(frame))
    pd.testing.assert_frame_equal(loaded.rows.frame, frame)


def damaged(change: str, whole: bytes) -> bytes:
    if change == "cut off":
        return whole[: len(whole) // 2]
    if change == "a byte":
        at = len(whole) // 2
        return whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]
    arrays = dict(np.load(io.BytesIO(whole)))
    about = json.loads(arrays["about"].tobytes())
    if change == "another version":
        about["version"] = 7
    if change == "another format":
        about["format"] = "other"
    if change == "another method":
        about["method"] = "guessing"
    if change == "fewer nodes":
        about["nodes"] = about["nodes"][1:]
    if change == "rows":
        about["rows"]["columns"][0][1] = [1.0]
    if change == "not finite":
        arrays["weights"][0, 0] = np.nan
    if change == "another shape":
        arrays["law"] = arrays["law"][:, 1:]
    if change == "no weights":
        arrays["weights"][:] = -np.inf
        arrays["up_to"][:] = 0
    if change == "gone":
        del arrays["weights"]
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    np.savez(file := io.BytesIO(), **arrays)
    return file.getvalue()


CHANGES = (
    "cut off", "a byte", "another version", "another format", "another method", "fewer nodes", "rows", "not finite",
    "another shape", "no weights", "gone",
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed_is_refused(change: str, tmp_path: Path) -> None:
    path = tmp_path / "posterior.npz"
    DagPosterior.from_data(real()).save(path)
    path.write_bytes(damaged(change, path.read_bytes()))
    with pytest.raises(FormatError, match="another version" if change == "another version" else "holds no") as caught:
        DagPosterior.load(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    for name, held in {"text": b"nothing", "empty": b"", "pickle": b"\x80\x04N.", "zip": b"PK\x03\x04"}.items():
        (tmp_path / name).write_bytes(held)
    np.save(tmp_path / "array.npy", np.zeros(3))
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("hello", "world")
    for path in tmp_path.iterdir():
        with pytest.raises(FormatError, match="holds no posterior"):
            DagPosterior.load(path)
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(FormatError, match="cannot read"):
            DagPosterior.load(path)
    with pytest.raises(FormatError, match="cannot write"):
        DagPosterior.from_data(real()).save(tmp_path / "none" / "posterior.npz")


def test_the_size_that_is_stated(tmp_path: Path) -> None:
    d = 10
    weights = np.random.default_rng(0).normal(size=(d, 1 << d))
    sums = cpp.posterior.Sums(weights)
    nodes = tuple("abcdefghij")
    DagPosterior(nodes, Exact(nodes, sums, 0.0)).save(tmp_path / "posterior")
    assert (tmp_path / "posterior").stat().st_size <= 8 * d * 2**d + 32 * 2**d + 5_000

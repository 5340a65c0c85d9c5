"""Speed of the BIF reader beside pyAgrum's on published networks; run with ``pytest speed/test_formats.py``.

The files are those of pgmpy's wheel. pyAgrum is no dependency: with ``pip install pyagrum`` the ratio is printed too.
"""

import gzip
from importlib.resources import files

import pytest

from causalpp.graphs import read_graph
from causalpp.programs import from_bif

NETWORKS = ["mildew", "diabetes", "link", "pathfinder"]


@pytest.fixture(scope="module", params=NETWORKS)
def path(request, tmp_path_factory):
    packed = files("pgmpy") / "utils" / "example_models" / f"{request.param}.bif.gz"
    out = tmp_path_factory.mktemp("bif") / f"{request.param}.bif"
    out.write_bytes(gzip.decompress(packed.read_bytes()))
    return out


def test_file_to_graph(benchmark, path):
    benchmark.group = f"BIF {path.stem}"
    assert benchmark.pedantic(read_graph, (path,), rounds=5, warmup_rounds=1).nodes


def test_file_to_program(benchmark, path):
    """From the file to a program that runs, as a user does it."""
    benchmark.group = f"BIF {path.stem}"
    assert benchmark.pedantic(lambda: from_bif(path.read_text()), rounds=5, warmup_rounds=1).variables


def test_pyagrum(benchmark, path):
    gum = pytest.importorskip("pyagrum", reason="pyagrum is not installed")
    benchmark.group = f"BIF {path.stem}"
    benchmark.extra_info["peer"] = True
    assert benchmark.pedantic(gum.loadBN, (str(path),), rounds=3, warmup_rounds=1).size()

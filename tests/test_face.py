"""The package's face: names are there when they are used, and nothing heavy before."""

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import causalpp


def declared():
    """The room and the names of each import that type checkers read."""
    tree = ast.parse(Path(causalpp.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {node.module.removeprefix("causalpp."): {alias.name for alias in node.names} for node in block.body}


def test_what_type_checkers_read_is_what_is_loaded():
    rooms = {room: set(names.split()) for room, names in causalpp._ROOMS.items() if names}
    assert rooms == declared()
    assert set(causalpp.__all__) == {"errors"}.union(*rooms.values())


@pytest.mark.parametrize("name", [*causalpp.__all__, *causalpp._ROOMS])
def test_every_name_is_there(name):
    assert getattr(causalpp, name) is getattr(causalpp, name)
    assert name in dir(causalpp)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'discovery'"):
        causalpp.discovery  # noqa: B018


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, causalpp\n"
        "heavy = {'torch', 'pyro', 'numpy', 'pandas', 'networkx', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert causalpp.Dag.from_edges([('a', 'b')]).nodes == ('a', 'b')\n"
        "causalpp.Dag(['a']).svg()\n"
        "import causalpp.language.backends.transformers\n"
        "assert not {'matplotlib', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_names_make_can_be_pickled():
    dag = causalpp.Dag.from_edges([("a", "b")])
    assert pickle.loads(pickle.dumps(dag)) == dag

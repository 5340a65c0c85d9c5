#!/usr/bin/env bash
# UAI files of Bayesian networks: neither pgmpy 1.1.2 nor pyAgrum 2.3.2 writes tables in the order of the format.
#
# Expected: the format of the UAI competitions: a table goes through the scope as listed, the last variable fastest; the scope
#           of a Bayesian network's table ends with the variable itself, so that every two numbers of a child with two
#           states sum to one, and the parents listed first change slowest.
# Seen:     pgmpy lists the child last and lets it change slowest; pyAgrum lets the first parent change fastest among the
#           parents. A reader that follows the format takes either file for another network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pgmpy==1.1.2 pyagrum==2.3.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import re
from importlib.metadata import version

import pyagrum as gum
from pgmpy.factors.discrete import TabularCPD
from pgmpy.models import DiscreteBayesianNetwork
from pgmpy.readwrite import UAIWriter

print("pgmpy", version("pgmpy"), "pyagrum", version("pyagrum"))
a, b = ["n", "y"], ["l", "m", "h"]
true = {("n", "l"): 0.1, ("n", "m"): 0.2, ("n", "h"): 0.3, ("y", "l"): 0.4, ("y", "m"): 0.5, ("y", "h"): 0.6}
names = {"a": a, "b": b, "c": ["f", "t"]}
network = DiscreteBayesianNetwork([("a", "c"), ("b", "c")])
network.add_cpds(
    TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": a}),
    TabularCPD("b", 3, [[0.2], [0.3], [0.5]], state_names={"b": b}),
    TabularCPD("c", 2, [[1 - p for p in true.values()], list(true.values())], ["a", "b"], [2, 3], state_names=names),
)
UAIWriter(network).write("pgmpy.uai")
other = gum.fastBN("a{n|y}->c{f|t}<-b{l|m|h}")
for (i, j), p in true.items():
    other.cpt("c")[{"a": i, "b": j}] = [1 - p, p]
gum.saveBN(other, "pyagrum.uai")


def child_table(path):
    """The scope of the table over three variables as their sizes, and its twelve numbers."""
    words = iter(re.sub(r"#.*", "", open(path).read()).split())
    assert next(words) == "BAYES"
    sizes = [int(next(words)) for _ in range(int(next(words)))]
    scopes = [[int(next(words)) for _ in range(int(next(words)))] for _ in range(int(next(words)))]
    tables = [[float(next(words)) for _ in range(int(next(words)))] for _ in scopes]
    return next(([sizes[v] for v in scope], table) for scope, table in zip(scopes, tables) if len(scope) == 3)


for path in ("pgmpy.uai", "pyagrum.uai"):
    scope, seen = child_table(path)
    pairs = [(i, j) for j in b for i in a] if scope[0] == 3 else [(i, j) for i in a for j in b]
    expected = [round(x, 6) for pair in pairs for x in (1 - true[pair], true[pair])]
    print(f"{path}, scope of sizes {scope}\n  expected {expected}\n  seen     {[round(x, 6) for x in seen]}")
    assert sorted(expected) == sorted(round(x, 6) for x in seen), "other numbers altogether"
    assert expected != [round(x, 6) for x in seen], "it follows the format now"
PYTHON

#!/usr/bin/env bash
# XDSL (GeNIe, SMILE): pgmpy 1.1.2 and pyAgrum 2.3.2 write a table's columns in different orders, and read each other's
# without a word.
#
# Expected: one order, that of GeNIe and SMILE, in which the last parent listed varies fastest, so that P(c = t | a = n, b = h)
#           is the same number in both libraries whoever wrote the file.
# Seen:     a file by one is read by the other as another distribution.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pgmpy==1.1.2 pyagrum==2.3.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import pyagrum as gum
from pgmpy.factors.discrete import TabularCPD
from pgmpy.models import DiscreteBayesianNetwork
from pgmpy.readwrite import XDSLReader, XDSLWriter

print("pgmpy", version("pgmpy"), "pyagrum", version("pyagrum"))
names = {"a": ["n", "y"], "b": ["l", "m", "h"], "c": ["f", "t"]}
columns = [[0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]]  # a = n with b = l, m, h, then a = y
network = DiscreteBayesianNetwork([("a", "c"), ("b", "c")])
network.add_cpds(
    TabularCPD("a", 2, [[0.5], [0.5]], state_names={"a": names["a"]}),
    TabularCPD("b", 3, [[0.2], [0.3], [0.5]], state_names={"b": names["b"]}),
    TabularCPD("c", 2, columns, ["a", "b"], [2, 3], state_names=names),
)
XDSLWriter(network).write_xdsl("pgmpy.xdsl")
other = gum.loadBN("pgmpy.xdsl")
seen = other.cpt("c")[{"a": "n", "b": "h"}][1]
print(f"P(c = t | a = n, b = h), written by pgmpy: expected 0.3, pyAgrum reads {seen}")
assert abs(seen - 0.3) > 0.01, "they agree now"

net = gum.fastBN("a{n|y}->c{f|t}<-b{l|m|h}")
for i, a in enumerate(names["a"]):
    for j, b in enumerate(names["b"]):
        net.cpt("c")[{"a": a, "b": b}] = [columns[0][3 * i + j], columns[1][3 * i + j]]
gum.saveBN(net, "pyagrum.xdsl")
table = XDSLReader("pyagrum.xdsl").get_model().get_cpds("c")
seen = float(table.get_value(c="t", a="n", b="h"))
print(f"P(c = t | a = n, b = h), written by pyAgrum: expected 0.3, pgmpy reads {seen}")
assert abs(seen - 0.3) > 0.01, "they agree now"
PYTHON

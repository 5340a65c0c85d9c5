#!/usr/bin/env bash
# pgmpy 1.1.2: what BIFWriter writes of intervals as states, BIFReader does not read.
#
# Expected: a network with the states "[10,20]" and "(20,35]" (what pandas.cut names its intervals) written and read again
#           is the same network.
# Seen:     the states stand unquoted, and the reader divides them at every comma: four states, and a table that does not fit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pgmpy==1.1.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

from pgmpy.factors.discrete import TabularCPD
from pgmpy.models import DiscreteBayesianNetwork
from pgmpy.readwrite import BIFReader, BIFWriter

print("pgmpy", version("pgmpy"))
network = DiscreteBayesianNetwork()
network.add_node("age")
network.add_cpds(TabularCPD("age", 2, [[0.2], [0.8]], state_names={"age": ["[10,20]", "(20,35]"]}))
BIFWriter(network).write("age.bif")
line = next(line.strip() for line in open("age.bif") if "discrete" in line)
print("written: ", line)
assert line == "type discrete [ 2 ] { [10,20], (20,35] };", "the writer has changed"
print("expected: read back with 2 states")
try:
    BIFReader("age.bif")
except ValueError as error:
    print("seen:     ValueError:", error)
    assert "into shape (4," in str(error), "the reader has changed"
else:
    raise SystemExit("the reader takes it now")
PYTHON

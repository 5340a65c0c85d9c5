#!/usr/bin/env bash
# causal-learn 0.1.4.8 with networkx 3.6.1 and pydot 4.0.1: the pydot graph that causal-learn makes cannot be read by networkx.
#
# Expected: networkx.nx_pydot.from_pydot(GraphUtils.to_pydot(graph)) gives the graph.
# Seen:     TypeError, since causal-learn names pydot's nodes by whole numbers, where networkx takes texts for granted.
#           Written as text and read again by pydot it works, but the nodes are then "0", "1", … and the names are labels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check causal-learn==0.1.4.8 networkx==3.6.1 pydot==4.0.1 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import networkx
import pydot
from causallearn.graph.Dag import Dag
from causallearn.graph.GraphNode import GraphNode
from causallearn.utils.GraphUtils import GraphUtils

for package in ("causal-learn", "networkx", "pydot"):
    print(package, version(package))
rain, wet = GraphNode("rain"), GraphNode("wet")
graph = Dag([rain, wet])
graph.add_directed_edge(rain, wet)
drawn = GraphUtils.to_pydot(graph)
try:
    networkx.nx_pydot.from_pydot(drawn)
except TypeError as error:
    print("expected: a graph of rain and wet; seen: TypeError:", error)
else:
    raise SystemExit("networkx reads it now")
(again,) = pydot.graph_from_dot_data(drawn.to_string())
nodes = sorted(networkx.nx_pydot.from_pydot(again).nodes)
print("through text: expected ['rain', 'wet'], seen", nodes)
assert nodes[:2] == ["0", "1"], "the names have changed"
PYTHON

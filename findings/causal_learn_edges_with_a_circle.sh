#!/usr/bin/env bash
# causal-learn 0.1.4.8: whether add_edge adds an edge with a circle at one end and a tail at the other depends on which is named first.
#
# Expected: a o-- b is added, as b --o a is; or an error.
# Seen:     add_edge answers False and adds nothing, so a partial ancestral graph built edge by edge lacks it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check causal-learn==0.1.4.8 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

from causallearn.graph.Edge import Edge
from causallearn.graph.Endpoint import Endpoint
from causallearn.graph.GeneralGraph import GeneralGraph
from causallearn.graph.GraphNode import GraphNode

print("causal-learn", version("causal-learn"))


def added(first, second):
    a, b = GraphNode("a"), GraphNode("b")
    graph = GeneralGraph([a, b])
    graph.add_edge(Edge(a, b, first, second))
    return [str(edge) for edge in graph.get_graph_edges()]


turned, seen = added(Endpoint.TAIL, Endpoint.CIRCLE), added(Endpoint.CIRCLE, Endpoint.TAIL)
print("Edge(a, b, TAIL, CIRCLE): seen", turned)
print("Edge(a, b, CIRCLE, TAIL): expected one edge, seen", seen)
assert len(turned) == 1 and seen == [], "it has changed"
PYTHON

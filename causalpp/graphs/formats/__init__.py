r"""Reading and writing graphs, each format both ways.

What each format can hold of a Dag besides variables and edges:

| format | latent variables | names |
|---|---|---|
| JSON | yes | all |
| DOT | yes | all but ``\r`` and some places of ``\`` |
| dagitty | yes | no control characters, no ``\`` at the end, not ``graph`` or ``node`` |
| BIF | yes | no blanks, none of ``{}[]();,|"`` and no ``//`` or ``/*`` |
| edge list, adjacency CSV | no | all but ``\r`` |
| Tetrad text | yes | no blanks, none of ``;,()[]`` |
| adjacency frame, networkx, pgmpy, causal-learn | yes | all |

JSON, DOT, dagitty, Tetrad text, networkx, pgmpy and causal-learn also hold an Admg, and the graph of a class (Cpdag,
Mpdag); what a text describes decides what its reader gives.

A writer never writes what would read back as something else: it raises
:class:`~causalpp.errors.FormatError` and says which format to use.
"""

from causalpp.graphs.formats._sketch import Graph
from causalpp.graphs.formats.bif import BifNetwork, from_bif, read_bif, to_bif, write_bif
from causalpp.graphs.formats.dagitty import from_dagitty, to_dagitty
from causalpp.graphs.formats.dot import from_dot, to_dot
from causalpp.graphs.formats.files import graph_text, has_graph_suffix, read_dag, read_graph, write_graph
from causalpp.graphs.formats.gml import from_gml, from_graphml, to_gml, to_graphml
from causalpp.graphs.formats.json_text import from_json, to_json
from causalpp.graphs.formats.libraries import (
    from_causal_learn,
    from_networkx,
    from_pgmpy,
    to_causal_learn,
    to_networkx,
    to_pgmpy,
)
from causalpp.graphs.formats.modelstring import from_modelstring, to_modelstring
from causalpp.graphs.formats.networks import (
    read_net,
    read_network,
    read_uai,
    read_xdsl,
    read_xmlbif,
    write_net,
    write_network,
    write_uai,
    write_xdsl,
    write_xmlbif,
)
from causalpp.graphs.formats.tables import (
    from_adjacency_csv,
    from_adjacency_frame,
    from_edge_list,
    to_adjacency_csv,
    to_adjacency_frame,
    to_edge_list,
)
from causalpp.graphs.formats.tetrad import from_tetrad, to_tetrad

__all__ = [
    "BifNetwork",
    "Graph",
    "from_adjacency_csv",
    "from_adjacency_frame",
    "from_bif",
    "from_causal_learn",
    "from_dagitty",
    "from_dot",
    "from_edge_list",
    "from_gml",
    "from_graphml",
    "from_json",
    "from_modelstring",
    "from_networkx",
    "from_pgmpy",
    "from_tetrad",
    "graph_text",
    "has_graph_suffix",
    "read_bif",
    "read_dag",
    "read_graph",
    "read_net",
    "read_network",
    "read_uai",
    "read_xdsl",
    "read_xmlbif",
    "to_adjacency_csv",
    "to_adjacency_frame",
    "to_bif",
    "to_causal_learn",
    "to_dagitty",
    "to_dot",
    "to_edge_list",
    "to_gml",
    "to_graphml",
    "to_json",
    "to_modelstring",
    "to_networkx",
    "to_pgmpy",
    "to_tetrad",
    "write_bif",
    "write_graph",
    "write_net",
    "write_network",
    "write_uai",
    "write_xdsl",
    "write_xmlbif",
]

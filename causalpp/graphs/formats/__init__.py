r"""Reading and writing Dags, each format both ways.

What each format can hold besides variables and edges:

| format | latent variables | names |
|---|---|---|
| JSON | yes | all |
| DOT | yes | all but ``\r`` and some places of ``\`` |
| dagitty | yes | no control characters, no ``\`` at the end, not ``graph`` or ``node`` |
| BIF | yes | no blanks, none of ``{}[]();,|"`` and no ``//`` or ``/*`` |
| edge list, adjacency CSV | no | all but ``\r`` |
| adjacency frame, networkx, pgmpy, causal-learn | yes | all |

A writer never writes what would read back as something else: it raises
:class:`~causalpp.errors.FormatError` and says which format to use.
"""

from causalpp.graphs.formats.bif import BifNetwork, from_bif, read_bif, to_bif, write_bif
from causalpp.graphs.formats.dagitty import from_dagitty, to_dagitty
from causalpp.graphs.formats.dot import from_dot, to_dot
from causalpp.graphs.formats.files import read_graph, write_graph
from causalpp.graphs.formats.json_text import from_json, to_json
from causalpp.graphs.formats.libraries import (
    from_causal_learn,
    from_networkx,
    from_pgmpy,
    to_causal_learn,
    to_networkx,
    to_pgmpy,
)
from causalpp.graphs.formats.tables import (
    from_adjacency_csv,
    from_adjacency_frame,
    from_edge_list,
    to_adjacency_csv,
    to_adjacency_frame,
    to_edge_list,
)

__all__ = [
    "BifNetwork",
    "from_adjacency_csv",
    "from_adjacency_frame",
    "from_bif",
    "from_causal_learn",
    "from_dagitty",
    "from_dot",
    "from_edge_list",
    "from_json",
    "from_networkx",
    "from_pgmpy",
    "read_bif",
    "read_graph",
    "to_adjacency_csv",
    "to_adjacency_frame",
    "to_bif",
    "to_causal_learn",
    "to_dagitty",
    "to_dot",
    "to_edge_list",
    "to_json",
    "to_networkx",
    "to_pgmpy",
    "write_bif",
    "write_graph",
]

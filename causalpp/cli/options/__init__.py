"""The options that several commands share, each declared once, alone or in a group.

Nothing here loads what a command needs to run, so that ``--help`` and completion are there at once.
"""

from causalpp.cli.options._grouped import command_of, grouped, option
from causalpp.cli.options._single import Control, DryRun, Graph, Json, Kinds, Network, Out, Plot, Seed, State, Treated
from causalpp.cli.options.columns import Columns, Table
from causalpp.cli.options.learning import Known, Method, Search
from causalpp.cli.options.oracles import ChosenOracle, OracleKind, known_program
from causalpp.cli.options.rows import FromRows, Prior
from causalpp.cli.options.scoring import Scoring
from causalpp.cli.options.sources import Source

__all__ = [
    "ChosenOracle",
    "Columns",
    "Control",
    "DryRun",
    "FromRows",
    "Graph",
    "Json",
    "Kinds",
    "Known",
    "Method",
    "Network",
    "OracleKind",
    "Out",
    "Plot",
    "Prior",
    "Scoring",
    "Search",
    "Seed",
    "Source",
    "State",
    "Table",
    "Treated",
    "command_of",
    "grouped",
    "known_program",
    "option",
]

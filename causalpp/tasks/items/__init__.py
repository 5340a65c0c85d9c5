"""Items of any task: what they hold, who scores replies, how they are read from files, and how they are split."""

from causalpp._renamed import old_names
from causalpp.tasks.items.benchmark import Benchmark, benchmark_names, load_benchmark
from causalpp.tasks.items.conversations import LAYOUTS, conversations, write_conversations
from causalpp.tasks.items.item import OUTCOMES, Item, Score, Scorer, Target, score
from causalpp.tasks.items.loaders import load_published, read_items
from causalpp.tasks.items.scorers import Exact, Number, YesNo
from causalpp.tasks.items.splits import with_splits

__all__ = [
    "LAYOUTS",
    "OUTCOMES",
    "Benchmark",
    "Exact",
    "Item",
    "Number",
    "Score",
    "Scorer",
    "Target",
    "YesNo",
    "benchmark_names",
    "conversations",
    "load_benchmark",
    "load_published",
    "read_items",
    "score",
    "with_splits",
    "write_conversations",
]

__getattr__ = old_names(
    __name__,
    {"RELATIONS": "causalpp.tasks.corr2cause.item:RELATIONS"},
)

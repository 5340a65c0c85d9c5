"""Items of any task: what they hold, how they are read from files, and how they are split."""

from causalpp.tasks.items.benchmark import Benchmark, benchmark_names, load_benchmark
from causalpp.tasks.items.item import RELATIONS, Item
from causalpp.tasks.items.loaders import load_published, read_items
from causalpp.tasks.items.splits import with_splits

__all__ = [
    "RELATIONS",
    "Benchmark",
    "Item",
    "benchmark_names",
    "load_benchmark",
    "load_published",
    "read_items",
    "with_splits",
]

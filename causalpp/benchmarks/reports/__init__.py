"""Reports: runs compared, and pages that need no other file."""

from causalpp.benchmarks.reports.compare import Comparison, compare
from causalpp.benchmarks.reports.report import Report, comparison_table, report

__all__ = ["Comparison", "Report", "compare", "comparison_table", "report"]

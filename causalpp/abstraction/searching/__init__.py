"""Where does a network keep the variables of a program? Searches for directions and for units."""

from causalpp.abstraction.searching.budget import Budget
from causalpp.abstraction.searching.distributed import Found, search
from causalpp.abstraction.searching.localist import Localist, localist
from causalpp.abstraction.searching.sweep import Sweep, sweep

__all__ = ["Budget", "Found", "Localist", "Sweep", "localist", "search", "sweep"]

"""Items checked by plain Python that shares nothing with what makes, reads or solves them."""

from causalpp.tasks.caugym.checking.items import check_item, second_program

__all__ = ["check_item", "second_program"]

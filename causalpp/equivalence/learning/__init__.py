"""How a graph is learned from columns: tests, scores, knowledge, and the searches that use them."""

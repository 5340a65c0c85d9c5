"""Answering questions of programs: one plan of the values needed, then contracted exactly, solved, or drawn."""

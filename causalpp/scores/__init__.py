"""Columns as numbers: how well some explain others, and whether some are independent."""

"""Fitting one variable given its parents: in closed form, and at the mode by Laplace's approximation."""

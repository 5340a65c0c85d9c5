"""Fitting all parameters of a program at once: Gibbs sampling, variational inference and NUTS."""

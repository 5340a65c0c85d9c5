"""Mechanisms that read their parents through a linear predictor: logistic, Poisson, negative binomial, gamma."""

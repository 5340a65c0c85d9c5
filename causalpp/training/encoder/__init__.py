"""Encoders, which say how probable yes is and write nothing: the model, its recipe, and how it is asked."""

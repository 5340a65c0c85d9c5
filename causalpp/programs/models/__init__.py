"""Programs as Pyro models: run once, in several worlds on one noise, or in many rows with parameters as sites."""

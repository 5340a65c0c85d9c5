"""Language models as oracles: backends, prompts, and the reading of replies."""

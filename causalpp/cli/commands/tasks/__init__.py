"""The commands about items: making them, and holding their answers against what follows."""

"""Stands here so that the tests of the rooms within find ``channel_cases``."""

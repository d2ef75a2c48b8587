"""Jinja: the context that models see, rendering, and the map back to the user's file."""

"""sqlbackfill rewrites the history of SQL tables: safely, cheaply, and only where it must be."""

__version__ = "0.1.0"

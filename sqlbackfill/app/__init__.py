"""The use cases, and the only place where concrete classes are built."""

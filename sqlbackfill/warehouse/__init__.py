"""Warehouses behind one protocol. Concrete adapters are imported by app alone."""

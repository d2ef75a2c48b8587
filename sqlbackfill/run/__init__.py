"""Doing what a plan says: order of work, transactions per chunk, progress events."""

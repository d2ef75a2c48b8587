"""What `status` costs over a ledger of ten million records: see `python -m benchmarks.ledger`."""

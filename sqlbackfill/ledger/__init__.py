"""What built each partition: records, the ledger over an adapter, leases, schema and migrations."""

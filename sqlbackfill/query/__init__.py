"""What a query means: parse, lineage, read windows, separability, fingerprint. The only user of sqlglot."""

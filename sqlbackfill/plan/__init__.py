"""What to rebuild: states, selection of partitions, chunks, order. Pure: spends nothing."""

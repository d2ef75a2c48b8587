"""What sqlbackfill costs beside hand-written SQL: CPU seconds and peak memory of whole processes."""

"""One file for each command: its options, the use case it calls, the renderer it hands the result to."""

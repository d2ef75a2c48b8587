"""Pure calendar and key algebra: grains, bounds, partition sets, the -p grammar, mappings."""

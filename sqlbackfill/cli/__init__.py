"""The command line: click commands, one file each, and the renderers. No logic."""

"""The renderers: a result in, text out. Nothing here decides, reads a project or opens a warehouse."""

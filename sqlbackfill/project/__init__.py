"""Reading a project: its files, models, sources, profiles and selectors. No Jinja, no SQL."""

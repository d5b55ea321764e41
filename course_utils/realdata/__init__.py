"""Slices that come from somewhere else: import, duplicates, shortcuts."""

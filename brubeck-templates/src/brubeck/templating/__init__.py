"""Template engines as mixins."""

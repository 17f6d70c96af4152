"""Reproducers: failures kept as files, replayed, and told as shell scripts."""

"""Moves records: Faust agents that screen chunks and write split files, exactly once."""

"""Measures Forebay on this machine: each stage alone, the whole path, memory, and what each step costs."""

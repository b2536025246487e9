"""Measures Forebay on this machine: the bare loop over the steps, and what each of them costs."""

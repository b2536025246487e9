"""Lets a person run it and see it: the `forebay` command."""

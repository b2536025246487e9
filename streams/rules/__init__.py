"""The rule pack that ships with Forebay (YAML), and the parser that turns a pack's bytes into a Pack."""

"""`forebay rules`: shows, tries, trains and measures a rule pack."""

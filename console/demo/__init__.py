"""`forebay demo`: invented drops, and what became of them."""

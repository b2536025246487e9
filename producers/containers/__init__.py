"""One file per container, found by its content; `order.py` is the table."""

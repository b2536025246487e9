"""One file per compression, found by its first bytes; `order.py` is the table."""

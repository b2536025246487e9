"""One file per record shape, tried in the order of `order.py`."""

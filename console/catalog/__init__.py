"""What is in a bucket that nobody has tidied, and what it would take to read it: from samples, without a server."""

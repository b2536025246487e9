"""What flows and what is decided: pure functions and plain data, no server, file, clock or chance."""

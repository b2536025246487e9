"""The servers that Forebay needs, on one machine, without Docker and without root."""

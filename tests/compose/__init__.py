"""The Compose file and the image."""

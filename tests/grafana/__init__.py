"""The dashboard, the alerts and Prometheus' files."""

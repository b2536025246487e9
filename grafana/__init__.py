"""What a person watches: the dashboard's generator. Alerts, Prometheus and provisioning lie beside it."""

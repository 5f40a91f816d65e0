"""What is counted, kept for ten minutes, and shown: to people, to Prometheus, to probes."""

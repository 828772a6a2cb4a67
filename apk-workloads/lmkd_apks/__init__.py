"""Builds the workload apps: Android apps that only hold memory, as victims for a device's own lmkd."""

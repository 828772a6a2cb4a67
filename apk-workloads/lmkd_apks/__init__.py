"""Builds the workload apps: Android apps that only hold memory, for a device's own lmkd to choose among."""

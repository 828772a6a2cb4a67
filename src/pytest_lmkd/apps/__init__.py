"""The suite apps on the host: starts real Android apps, observes or kills them, and records the results."""

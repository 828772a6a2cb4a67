"""Real apps: observes the kills of the device's own lmkd, and kills apps by arms."""

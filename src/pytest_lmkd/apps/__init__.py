"""Real apps on Android, and the device's own lmkd: what is started, what is seen, what is recorded."""

"""What the device's own lmkd does to real apps."""

"""Cuttlefish, AOSP's virtual Android device: host checks, launcher commands and the device source."""

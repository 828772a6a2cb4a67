"""Cuttlefish, AOSP's virtual Android device: checks of the host, launchers' commands, the device source."""

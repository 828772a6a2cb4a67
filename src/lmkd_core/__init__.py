"""The ground under the plugin, the reports, the virtual device and the APKs; it imports none of them."""

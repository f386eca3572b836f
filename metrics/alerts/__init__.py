"""Rules, what they find, and how long it has been so. Tells nobody: that is metrics.notify's."""

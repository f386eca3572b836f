"""The REST root, its schema and its errors."""

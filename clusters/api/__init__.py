"""REST over what clusters/ keeps."""

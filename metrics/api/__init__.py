"""REST over what metrics/ keeps."""

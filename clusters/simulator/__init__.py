"""A pretend Kubernetes API server over real HTTPS. It knows nothing of the code that reads it."""

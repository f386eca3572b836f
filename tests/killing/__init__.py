"""The kill matrix: any process killed at any point between a cluster and a receiver, and nothing is lost."""

"""What lives in a simulated cluster, and how it behaves over time. Encodes into the store; knows no HTTP."""

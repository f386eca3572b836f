"""Starts real Kubernetes control planes on this machine, with KWOK playing the nodes.

Here belong the programs, their certificates and command lines, and what one does to a cluster from
outside. Nothing here knows the portal; tests and `make real` put the two together.
"""

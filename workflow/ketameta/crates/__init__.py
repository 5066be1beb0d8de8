"""A release as a Workflow Run RO-Crate: what is in it, how it is described, and opened again."""

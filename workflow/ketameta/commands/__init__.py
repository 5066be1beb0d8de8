"""What the command line does: one module a command, each importing what it needs when it runs."""

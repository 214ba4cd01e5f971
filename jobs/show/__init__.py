"""What the command line prints: tables for people, JSON for machines, always on stdout."""

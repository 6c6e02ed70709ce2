"""What teams say by mail beside result files: commands, disputes, entries, in their language."""

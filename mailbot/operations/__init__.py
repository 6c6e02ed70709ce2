"""What organizers do by hand with the whole contest: rescore, rebuild, backup, doctor and more."""

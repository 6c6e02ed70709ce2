"""The results page: a static site made of the published boards."""

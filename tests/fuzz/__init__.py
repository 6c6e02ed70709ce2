"""Fuzzing: what must hold whatever bytes arrive, tried by hypothesis in the tests and by atheris in `make fuzz`."""

"""The pictures of the handbook, made from the demo: ``make pictures`` writes docs/pictures/."""

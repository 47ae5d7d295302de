"""The fault corpus: seeded small trainings, each with what is wrong with it, or nothing."""

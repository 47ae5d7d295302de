"""What is stored of a run, and when: few bytes for any length, and everything around an alarm."""

"""Labels: the journal of what was labelled, which cannot lose work, and what is predicted from it."""

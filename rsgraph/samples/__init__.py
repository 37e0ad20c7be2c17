"""The sample: a labelled real scene with its finished workspace, and the user's copy of it."""

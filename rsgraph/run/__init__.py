"""The verb run: its plan, the runner that walks the stages, scenes, and adding scenes to a workspace."""

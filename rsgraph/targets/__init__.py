"""Targets: soft memberships of pixels, learnt without labels."""

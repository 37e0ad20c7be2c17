"""What labels say of segments without one: classification, propagation, suggestion of what to label next."""

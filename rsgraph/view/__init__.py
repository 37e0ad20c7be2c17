"""Views of a workspace for the screen: pictures, ids and 2-D maps, ready to be mapped into memory."""

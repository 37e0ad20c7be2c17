"""What a screen shows of a workspace: pictures, ids and 2-D maps, ready to be mapped into memory."""

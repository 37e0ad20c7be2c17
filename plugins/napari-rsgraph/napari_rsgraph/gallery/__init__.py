"""The gallery: pictures of the chips or segments that are chosen."""

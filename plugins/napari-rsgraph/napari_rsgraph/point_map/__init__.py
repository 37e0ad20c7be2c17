"""The 2-D map: points, gestures, brush, marks, pictures, and its bar."""

"""The stand-in server: the scripts that are packed, and the image that they make."""

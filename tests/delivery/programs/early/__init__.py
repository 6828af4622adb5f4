"""A folder for the path of Python."""

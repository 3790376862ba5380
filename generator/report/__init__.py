"""Values to text: everything that decides how something looks."""

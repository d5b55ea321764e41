"""What the lessons of the course import."""

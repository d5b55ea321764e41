"""What the lessons of the course import."""

from course_utils import quiet

quiet.tensorflow()
quiet.flower()

"""What every room stands on: safe writing, the error types, pictures, measured results."""

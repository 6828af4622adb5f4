"""Jobs of job libraries, performed for real by their own workers."""

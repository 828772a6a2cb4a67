"""What is planned, what is stored, and the folder that holds it."""

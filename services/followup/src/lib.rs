//! Asks the citizen whether it was really solved.

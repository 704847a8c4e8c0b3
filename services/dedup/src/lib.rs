//! Says whether a ticket is new, and handles the same thing as one.

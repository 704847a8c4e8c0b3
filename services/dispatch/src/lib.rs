//! Says who must act and by when, and carries the unit's work.

//! The edge: REST for handlers, the citizen's page and the supervisors' page.

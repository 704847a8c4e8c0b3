//! Says how well every unit did, from facts that can be recomputed.

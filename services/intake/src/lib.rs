//! Takes what citizens say, from every channel, once.

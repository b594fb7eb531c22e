"""Cedar: policy text in, slices of it out; the only room that knows the engine."""

"""Where everything lives: one contract (`ports.Store`), one file per backend."""

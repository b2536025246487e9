"""One file per step. A step is a function of its arguments that adds facts and never decides."""

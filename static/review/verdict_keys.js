// The keys of a verdict panel, which a viewer on the same page leaves alone.
export const VERDICT_KEYS = ["y", "n", "z", "h", "a", "s"];

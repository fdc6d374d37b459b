"""The demonstration: simulated surveys and simulated volunteers run the real loop, beside a control arm."""

"""An ATLAS-like night: difference stamps and tracklets."""

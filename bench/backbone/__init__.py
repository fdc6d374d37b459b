"""How well frozen features carry over: label curves on a sky that the network has never seen."""

"""Alert packets: one module per survey says where its fields are; the others read any survey's packets."""
